"""Which events a file may hold: tables of words that people use in names of columns and files."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from touchline.imports.suggestion.columns import Column, words_of
from touchline.vocabulary.envelope import Channel
from touchline.vocabulary.registry import EVENT_TYPES


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


class Story(NamedTuple):
    """A type of event, its usual channel, the field that names its case, and the words of its files."""

    type: str
    channel: str
    key: str
    words: tuple[str, ...]


STORIES: Final = (
    Story(
        "contact.started",
        "phone",
        "contact_id",
        _words(
            "call anruf caller anrufer queue warteschlange wait wartezeit agent ring hold "
            "telefonie hotline vru acd skill"
        ),
    ),
    Story(
        "contact.started",
        "email",
        "contact_id",
        _words("ticket case incident mail vorgang anfrage request subject betreff"),
    ),
    Story("contact.started", "chat", "contact_id", _words("chat conversation messenger bot gespraech")),
    Story(
        "order.placed",
        "web",
        "order_id",
        _words(
            "order bestell auftrag total betrag summe price preis currency waehrung amount "
            "purchase transaction kauf invoice rechnung sku quantity umsatz"
        ),
    ),
    Story("delivery.completed", "mail", "order_id", _words("delivery delivered liefer tracking paket")),
    Story("return.requested", "web", "order_id", _words("return retoure rma ruecksend")),
    Story("refund.issued", "web", "order_id", _words("refund erstattung gutschrift chargeback")),
    Story(
        "feedback.given",
        "email",
        "feedback_id",
        _words("rating nps csat survey score umfrage bewertung feedback stars review"),
    ),
    Story("page.viewed", "web", "page", _words("page url referrer pageview session utm browser")),
    Story("mention.posted", "social", "mention_id", _words("tweet post mention hashtag follower")),
    Story("campaign.delivered", "email", "campaign_id", _words("campaign kampagne newsletter mailing")),
    Story("visit.started", "store", "visit_id", _words("visit filiale branch besuch kiosk")),
)
"""The types that are suggested; of equal scores, the earlier."""

PHONES: Final = _words("phone telefon tel mobile mobil handy rufnummer ruf caller anrufer msisdn ani cli")
"""Words of columns of phone numbers, and of no other numbers."""

IDENTIFIERS: Final[dict[str, tuple[str, ...]]] = {
    "account": _words(
        "customer kunde kunden kd client account konto member user crm household mitglied "
        "subscriber vertrag contract buyer"
    ),
    "loyalty": _words("loyalty bonus payback treue club clubcard kundenkarte"),
    "email": _words("email mail"),
    "phone": (*PHONES, *_words("number nummer from")),
    "social": _words("twitter handle instagram facebook author"),
    "device": _words("device cookie visitor anonymous browser gaid idfa geraet"),
}
"""Words by which a column holds identifiers of a kind."""

FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "reason": _words("reason topic grund thema category kategorie subject anliegen betreff"),
    "queue": _words("queue skill team warteschlange abteilung department assignment"),
    "agent": _words("agent mitarbeiter operator rep bearbeiter server advisor"),
    "wait_seconds": _words("wait wartezeit warte"),
    "value": _words("value total amount betrag summe sum gesamt revenue umsatz price"),
    "currency": _words("currency waehrung"),
    "items": _words("items quantity menge anzahl qty positions positionen"),
    "score": _words("score rating nps csat stars bewertung note punkte"),
    "comment": _words("comment kommentar remark bemerkung text feedback"),
    "order_id": _words("order bestell auftrag"),
    "cart_id": _words("cart basket warenkorb"),
    "page": _words("page path seite"),
    "url": _words("url link"),
    "title": _words("title titel"),
    "referrer": _words("referrer referer"),
    "store": _words("store filiale branch shop"),
    "delivery_id": _words("tracking shipment sendung delivery"),
    "text": _words("text body tweet message"),
    "network": _words("network netzwerk platform"),
    "sentiment": _words("sentiment stimmung"),
}
"""Fields of events' data, and the words of columns that may hold them."""

KEYS: Final = _words(
    "id no nr number nummer num key uuid guid ref code ticket case incident vorgang "
    "order bestellnummer auftragsnummer invoice"
)
"""Words of columns that name the case of a row."""

BEGINS: Final = _words("start started begin beginn created opened erstellt placed ordered timestamp")

RESULTS: Final[dict[str, frozenset[str]]] = {
    "contact.answered": frozenset(
        {
            "answered",
            "agent",
            "angenommen",
            "connected",
            "handled",
            "completed",
            "erledigt",
            "beantwortet",
            "verbunden",
        }
    ),
    "contact.abandoned": frozenset(
        {
            "abandoned",
            "hang",
            "hangup",
            "hung up",
            "aufgelegt",
            "lost",
            "missed",
            "verpasst",
            "verloren",
            "no answer",
        }
    ),
}
"""What becomes of a queued contact, and the words for it."""

CHANNELS: Final[dict[str, str]] = {
    **{channel.value: channel.value for channel in Channel},
    **dict.fromkeys(_words("w www online website internet desktop shop"), "web"),
    **dict.fromkeys(_words("t tel telefon telephone call voice hotline"), "phone"),
    **dict.fromkeys(_words("e-mail mail e"), "email"),
    **dict.fromkeys(_words("post letter brief fax"), "mail"),
    **dict.fromkeys(("filiale", "branch", "laden", "pos", "retail", "in-store", "self service"), "store"),
    **dict.fromkeys(("ios", "android", "mobile", "mobile app"), "app"),
    **dict.fromkeys(_words("twitter facebook instagram"), "social"),
    **dict.fromkeys(("livechat", "live chat", "messenger", "whatsapp"), "chat"),
}
"""Words for channels."""


def story_of(file: str, columns: Sequence[Column]) -> Story | None:
    """The story that most words of the columns and of the file speak for; None if no word does."""
    name = Column(file, words_of(file.split(".")[0]), "text", (), 0.0, False)
    scored = [(_score(story, name, columns), story) for story in STORIES]
    best, story = max(scored, key=lambda pair: pair[0])
    return story if best else None


def fields_of(event_type: str) -> frozenset[str]:
    """The fields of a type's data."""
    return frozenset(EVENT_TYPES[event_type].model.model_fields)


def _score(story: Story, file: Column, columns: Sequence[Column]) -> int:
    # The file's own name says what its rows are; a column may name something else that a row mentions.
    return 3 * file.named(*story.words) + sum(column.named(*story.words) for column in columns)
