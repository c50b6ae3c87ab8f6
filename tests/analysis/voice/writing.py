"""Simulated texts: each is made of the words of one theme and of words that every theme has."""

from random import Random

THEMES = {
    "delivery": "parcel courier delivery late tracking doorstep driver depot shipment carrier",
    "payment": "card payment declined bank transfer wallet checkout charge invoice billing",
    "login": "password login account locked reset verification username security device access",
    "refund": "refund return money receipt exchange warranty defective broken repair replacement",
}
LIEFERUNG = "paket lieferung fahrer haustür sendung zusteller verspätung versand termin lager"
RECHNUNG = "rechnung zahlung karte abbuchung konto überweisung betrag mahnung lastschrift gebühr"

_ENGLISH = (
    "I have been waiting with my {0} and the {1}",
    "why is the {0} about {1} never there when I need it",
)
_GERMAN = (
    "ich habe schon lange auf die {0} und das {1} gewartet",
    "warum ist die {0} mit dem {1} immer noch nicht da",
)
COMMON = "today customer shop website order again"
_GEMEINSAM = "heute kunde laden seite bestellung wieder"


def english(theme: str, random: Random) -> str:
    """A sentence about a theme of `THEMES`."""
    return _sentence(_ENGLISH, THEMES[theme], COMMON, random)


def german(words: str, random: Random) -> str:
    """A German sentence with some of the words."""
    return _sentence(_GERMAN, words, _GEMEINSAM, random)


def _sentence(frames: tuple[str, ...], theme: str, common: str, random: Random) -> str:
    own = random.sample(theme.split(), 4)
    return f"{random.choice(frames).format(own[0], own[1])} {own[2]} {own[3]} {random.choice(common.split())}"
