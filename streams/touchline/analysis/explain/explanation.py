"""An explanation as values and in words: what distinguishes those affected, or why nothing can be said."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import NamedTuple

from touchline.vocabulary.names import plain_name
from touchline.vocabulary.wording import plain, word_list

LONGEST_VALUE = 60
MOST_ALSO = 2
"""How many attributes of the same customers a sentence names."""


class Attribute(NamedTuple):
    """A field of events, such as `data.method`, and its value as text."""

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class Association:
    """How much more frequent the friction is among those with an attribute.

    Attributes:
        excess: How many more of those with the attribute are affected than expected within each stratum.
        lift: The ratio of the rates over strata, with its 95 % interval.
        p: The p-value of Cochran, Mantel and Haenszel's test, with the correction for continuity.
    """

    excess: float
    lift: float
    low: float
    high: float
    p: float


@dataclass(frozen=True, slots=True)
class Finding:
    """An attribute that goes with the friction.

    Attributes:
        attribute: The attribute.
        affected: How many of the affected have it.
        share: The share of the affected that have it.
        share_of_others: The share of the others that have it, not adjusted.
        association: How much more frequent the friction is with it.
        also: Attributes that the same customers have.
    """

    attribute: Attribute
    affected: int
    share: float
    share_of_others: float
    association: Association
    also: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """What distinguishes the affected.

    Attributes:
        affected: How many are affected and compared, once a customer and stretch of time.
        others: How many of those compared with them do not meet the friction.
        findings: What distinguishes the affected, most customers in excess first.
        missing: Why nothing can be said; '' if it can.
        unmatched: How many more are affected and have nobody to compare with.
        step: What the others did as well, in words, such as `had checkout step completed (step payment)`.
    """

    affected: int
    others: int
    findings: tuple[Finding, ...] = ()
    missing: str = ""
    unmatched: int = 0
    step: str = ""

    @property
    def compared(self) -> str:
        """Whom the affected are compared with: `212 others who also had contact queued`."""
        others = f"{self.others:,} other{'' if self.others == 1 else 's'}"
        return f"{others} who also {self.step}" if self.step else f"{others} at the same touchpoints"

    @property
    def verdict(self) -> str:
        """The result in one sentence, for all but its findings."""
        if self.missing:
            return f"Too few to say: {self.missing}."
        if not self.findings:
            return f"Nothing that they had before distinguishes the affected from the {self.compared}."
        return ""


def step_words(types: Sequence[str], field: str = "", value: str = "") -> str:
    """What those compared did, in words; '' if nothing is known of it.

    Args:
        types: Types of events, or of frictions, of which they had one; patterns such as `contact.*` as well.
        field: A field of `data` that all had, or ''.
        value: Its value.
    """
    if not types:
        return ""
    frictions = [name.removeprefix("friction.") for name in types if name.startswith("friction.")]
    if frictions:
        return f"met {word_list('any friction' if one == '*' else one for one in frictions)}"
    words = word_list(_type_words(one) for one in types)
    return f"had {words} ({named(Attribute(f'data.{field}', value))})" if field else f"had {words}"


def _type_words(kind: str) -> str:
    words = kind.replace("*", "any").replace("_", " ").replace(".", " ")
    return plain(words, LONGEST_VALUE)


def sentence(finding: Finding, affected: int) -> str:
    """A finding in words: `3.1 times as frequent (2.2–4.4) with method card-x: 48 of 61 customers`.

    Where nobody to compare with has the attribute, or none of the affected lacks it, there is no ratio.

    `affected` is the number of all affected. The text is one line without control characters.
    """
    found = finding.association
    if isfinite(found.lift):
        frequent = f"{_times(found.lift)} times as frequent ({_times(found.low)}–{_times(found.high)}) with"
    else:
        frequent = "always with" if finding.affected == affected else "among the affected alone:"
    same = [named(one) for one in finding.also[:MOST_ALSO]]
    also = f" (the same have {', '.join(same)})" if same else ""
    return f"{frequent} {named(finding.attribute)}: {finding.affected:,} of {affected:,} customers{also}"


def shares(finding: Finding) -> str:
    """How frequent a finding is: `79 % of the affected, 25 % of the others; about 33 customers in excess`."""
    affected, others = 100 * finding.share, 100 * finding.share_of_others
    excess = f"about {finding.association.excess:,.0f} customers in excess"
    return f"{affected:.0f} % of the affected, {others:.0f} % of the others; {excess}"


def _times(factor: float) -> str:
    return f"{factor:.1f}" if factor < 100 else f"{factor:,.0f}"


def named(attribute: Attribute) -> str:
    """An attribute in words: `payment method card-x`, `channel E-mail`."""
    value = plain_name(_own_name(attribute.field), attribute.value)
    return f"{field_words(attribute.field)} {plain(value, LONGEST_VALUE) or '(empty)'}"


def field_words(field: str) -> str:
    """The words of a field: `data.payment_method` → `payment method`."""
    words = _own_name(field).replace("_", " ").replace(".", " ").replace("-", " ")
    return plain(words, LONGEST_VALUE) or "(no name)"


def _own_name(field: str) -> str:
    return field.removeprefix("data.").removeprefix("context.")
