"""What customers write, in English and German, by subject."""

from collections.abc import Mapping, Sequence
from random import Random

_ENGLISH: Mapping[str, Sequence[str]] = {
    "payment": (
        "My bank transfer was refused twice and nobody told me why.",
        "The payment failed although there is enough money in my account.",
        "I tried to pay by bank transfer and got an error at the last step.",
        "Paying took three attempts. The bank page kept sending me back to the cart.",
        "Please fix the payment page, the transfer to my bank times out.",
    ),
    "delivery": (
        "The parcel came two days late, and I had stayed at home for it.",
        "The delivery date was changed without asking me.",
        "Tracking said delivered, but the parcel was not there until Friday.",
        "I waited all day for the driver and no parcel came.",
        "Late delivery again. The promised day means nothing.",
    ),
    "queue": (
        "I waited twenty minutes in the queue and then gave up.",
        "The waiting music is fine, the waiting time is not.",
        "I was told to wait two minutes and it was fifteen before an agent answered.",
        "Your hotline is impossible to reach in the evening.",
        "The agent was kind, but I waited far too long on the phone.",
    ),
    "store": (
        "Nobody in the store had time to help me find my size.",
        "I asked for help in the shop at the station and nobody came.",
        "Too few people in the store, I left without buying.",
        "The fitting rooms were closed and no staff was around.",
        "I stood at the counter for ten minutes before somebody came.",
    ),
    "form": (
        "The returns form refuses my order number.",
        "I filled in the form twice and lost everything I had typed.",
        "The form says that the order number is invalid, but I copied it from your mail.",
        "Returning a coat should not need a form with so many fields.",
    ),
    "praise": (
        "Fast delivery and a friendly message with it.",
        "The coat fits and looks great, thank you.",
        "Ordering was easy and the lamp is beautiful.",
        "The agent solved my question in two minutes. Great service.",
        "Good quality, good price, I will order again.",
        "Very friendly people in the store.",
    ),
}
_GERMAN: Mapping[str, Sequence[str]] = {
    "payment": (
        "Die Überweisung wurde zweimal abgelehnt, und niemand sagt warum.",
        "Die Zahlung bricht im letzten Schritt mit einem Fehler ab.",
    ),
    "delivery": (
        "Das Paket kam zwei Tage zu spät, obwohl ich extra zu Hause war.",
        "Der Liefertermin wurde ohne Nachricht verschoben.",
    ),
    "queue": (
        "Ich habe zwanzig Minuten in der Warteschleife gewartet und dann aufgelegt.",
        "Die Hotline ist abends nicht zu erreichen.",
    ),
    "store": (
        "Im Laden am Bahnhof hatte niemand Zeit, mir zu helfen.",
        "Zu wenig Personal im Laden, ich bin wieder gegangen.",
    ),
    "form": (
        "Das Formular für die Rücksendung nimmt meine Bestellnummer nicht an.",
        "Das Formular hat alle meine Eingaben gelöscht.",
    ),
    "praise": (
        "Schnelle Lieferung und sehr freundlicher Service.",
        "Der Mantel passt perfekt, vielen Dank.",
        "Die Bestellung war einfach und das Paket kam schnell.",
    ),
}
SUBJECTS = tuple(subject for subject in _ENGLISH if subject != "praise")
"""What customers complain about."""

STAFF: Sequence[tuple[str, str, str]] = (
    ("parcel tracking tool", "tier1", "I ask every caller for the order number again, the tool forgets it."),
    ("returns rules", "tier2", "I may not refund without a receipt, even if I see the order."),
    ("rota", "station", "Two people for the whole floor on Saturdays are too few."),
    ("call transfer", "partner", "We cannot see why the customer called before."),
    ("payment page", "online shop", "Bank transfers fail every day, we have reported it."),
)
"""What employees report: topic, team and comment."""


def comment(random: Random, subject: str) -> str:
    """What a customer writes on a subject; one in four writes German."""
    return random.choice((_GERMAN if random.random() < 0.25 else _ENGLISH)[subject])
