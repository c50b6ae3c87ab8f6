"""Plain names of stored values: channels, kinds of feedback, factors and languages.

Pages, reports and Grafana take the names from here. Words of the names are defined in the glossary.
"""

from collections.abc import Mapping
from typing import Final

CHANNELS: Final[Mapping[str, str]] = {
    "web": "Web",
    "app": "App",
    "phone": "Phone",
    "chat": "Chat",
    "email": "E-mail",
    "social": "Social media",
    "store": "Store",
    "mail": "Mail",
    "kiosk": "Kiosk",
    "field": "Field",
}
"""Names of channels."""

FEEDBACK: Final[Mapping[str, str]] = {
    "csat": "Customer satisfaction",
    "nps": "Net promoter score",
    "ces": "Customer effort score",
    "review": "Review",
    "complaint": "Complaint",
    "mention": "Mention",
}
"""Names of scores, and of other texts from customers."""

FACTORS: Final[Mapping[str, str]] = {
    "people": "People",
    "process": "Process",
    "technology": "Technology",
    "culture": "Culture",
}
"""Names of what causes frictions."""

_LANGUAGES = """
ace:Acehnese, af:Afrikaans, am:Amharic, an:Aragonese, ar:Arabic, ary:Moroccan Arabic, arz:Egyptian Arabic,
as:Assamese, az:Azerbaijani, ba:Bashkir, bcl:Central Bikol, be:Belarusian, bg:Bulgarian, bn:Bengali,
br:Breton, bs:Bosnian, ca:Catalan, crh:Crimean Tatar, cs:Czech, cy:Welsh, da:Danish, de:German, dz:Dzongkha,
el:Greek, en:English, eo:Esperanto, es:Spanish, et:Estonian, eu:Basque, ext:Extremaduran, fa:Persian,
fi:Finnish, fo:Faroese, fr:French, fuv:Nigerian Fulfulde, fy:Frisian, ga:Irish, gcf:Antillean Creole,
gcr:Guianese Creole, gd:Scottish Gaelic, gl:Galician, gom:Konkani, grc:Ancient Greek, gu:Gujarati,
gug:Guarani, guw:Gun, ha:Hausa, hbo:Ancient Hebrew, he:Hebrew, hi:Hindi, hr:Croatian, ht:Haitian,
hu:Hungarian, hy:Armenian, id:Indonesian, ig:Igbo, is:Icelandic, it:Italian, ja:Japanese, jv:Javanese,
ka:Georgian, kab:Kabyle, kik:Kikuyu, kk:Kazakh, km:Khmer, kn:Kannada, ko:Korean, ku:Kurdish, ky:Kyrgyz,
la:Latin, lb:Luxembourgish, lg:Ganda, lij:Ligurian, ln:Lingala, lo:Lao, lt:Lithuanian, ltg:Latgalian,
lv:Latvian, mg:Malagasy, mk:Macedonian, ml:Malayalam, mn:Mongolian, mr:Marathi, ms:Malay, mt:Maltese,
my:Burmese, ne:Nepali, nl:Dutch, nn:Nynorsk, no:Norwegian, nso:Northern Sotho, oc:Occitan, om:Oromo,
or:Odia, pa:Punjabi, pcm:Nigerian Pidgin, pl:Polish, ps:Pashto, pt:Portuguese, qu:Quechua, ro:Romanian,
ru:Russian, rw:Kinyarwanda, sa:Sanskrit, sdh:Southern Kurdish, se:Sami, si:Sinhala, sk:Slovak, sl:Slovenian,
sn:Shona, so:Somali, sq:Albanian, sr:Serbian, st:Sotho, sv:Swedish, sw:Swahili, ta:Tamil, te:Telugu,
tg:Tajik, th:Thai, tk:Turkmen, tl:Tagalog, tr:Turkish, tt:Tatar, ug:Uyghur, uk:Ukrainian, ur:Urdu, uz:Uzbek,
uzs:Southern Uzbek, vec:Venetian, vi:Vietnamese, vo:Volapük, wa:Walloon, wuu:Wu Chinese, xh:Xhosa,
yo:Yoruba, yue:Cantonese, zh:Chinese, zu:Zulu, zxx:no language
"""

LANGUAGES: Final[Mapping[str, str]] = dict(
    entry.split(":") for entry in " ".join(_LANGUAGES.split()).split(", ")
)
"""Names of the languages that the detector knows, by its codes (ISO 639)."""

NAMES: Final[Mapping[str, Mapping[str, str]]] = {
    "channel": CHANNELS,
    "kind": FEEDBACK,
    "metric": FEEDBACK,
    "factor": FACTORS,
    "language": LANGUAGES,
}
"""Names of the values of a field."""

BETWEEN: Final = " · "
"""Joins channel and source of a touchpoint."""

THEN: Final = " → "
"""Joins the channels of a path."""


def channel_name(channel: str) -> str:
    """The plain name of a channel: `email` → `E-mail`."""
    return CHANNELS.get(channel, channel)


def touchpoint_name(channel: str, source: str) -> str:
    """Channel and source as text: `Phone · call-centre`."""
    return BETWEEN.join(filter(None, (channel_name(channel), source)))


def plain_name(field: str, value: str) -> str:
    """The plain name of a field's value; a value without one is returned as it is.

    Besides the fields of `NAMES`, a `touchpoint` (`web · shop`) and the `channels` of a path (`web → phone`)
    have one.
    """
    match field:
        case "touchpoint":
            channel, _, source = value.partition(BETWEEN)
            return touchpoint_name(channel, source)
        case "channels":
            return THEN.join(map(channel_name, value.split(THEN)))
        case _:
            return NAMES.get(field, {}).get(value, value)
