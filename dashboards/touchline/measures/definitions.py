"""The measures, each defined once: one table that panels, reports, goals and alerts read.

A measure is a rate, a mean, a median or a sum over *observations*: one row a contact, a score, a journey.
Each observation has a numerator and a denominator, so that what was measured apart can be put together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from touchline.measures import contacts, outcomes, voice

Unit = Literal["share", "seconds", "points", "steps", "strikes", "of 7", "currency"]
Dimension = Literal["channel", "source", "queue", "reason"]

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure.

    `base` is SQL over the span `{since:DateTime64(3)}` to `{until:DateTime64(3)}`, the end exclusive: a row
    each, with `at`, `channel`, `source`, `queue`, `reason` (and `currency`, where that is the unit), and what
    `numerator` and `where` are made of: what is counted, and of which rows. What the data cannot tell is ''.
    The value is the sum of the numerators over the number of rows; for the kind `median` the median
    numerator, for `sum` their sum. `settles` is how long (ms) a row may still change.
    """

    name: str
    version: int
    title: str
    question: str
    unit: Unit
    higher_is_better: bool
    definition: str
    source: str
    base: str
    numerator: str
    where: str = "1"
    kind: Literal["ratio", "median", "sum"] = "ratio"
    settles: int = 0

    @property
    def observations(self) -> str:
        """SQL of the rows that count: with `numerator`, and `denominator`, which is 1."""
        currency = ", currency" if self.unit == "currency" else ""
        return (
            f"SELECT at, channel, source, queue, reason, {self.numerator} AS numerator, 1 AS denominator"
            f"{currency}\nFROM ({self.base})\nWHERE {self.where}"
        )

    @property
    def of_base(self) -> str:
        """SQL of the value over rows of the base, NULL over none: several measures may share one."""
        counted = f"(toFloat64({self.numerator}), {self.where})"
        value = {
            "ratio": f"sumIf{counted} / countIf({self.where})",
            "median": f"quantileExactInclusiveIf(0.5){counted}",
            "sum": f"sumIf{counted}",
        }[self.kind]
        return f"if(countIf({self.where}) = 0, NULL, {value})"

    @property
    def aggregate(self) -> str:
        """SQL: `value`, `numerator` and `denominator` over rows of the observations, called `observed`."""
        value = {
            "ratio": "numerator / denominator",
            "median": "quantileExactInclusive(0.5)(toFloat64(observed.numerator))",
            "sum": "numerator",
        }[self.kind]
        return (
            f"{value} AS value,\n    sum(toFloat64(observed.numerator)) AS numerator,"
            " sum(toFloat64(observed.denominator)) AS denominator"
        )

    def query(self, by: Sequence[Dimension] = ()) -> str:
        """SQL for the measure: columns `by`, `unit`, `value`, `numerator` and `denominator`.

        Over nothing it has no row, or a denominator of 0. Besides the span its parameters are
        `{channel:String}`, `{source:String}` and `{queue:String}`; an empty one takes all.
        """
        unit = "currency" if self.unit == "currency" else f"'{self.unit}'"
        groups = ", ".join([*by, *(["unit"] if self.unit == "currency" else [])])
        return (
            f"SELECT {''.join(f'{one}, ' for one in by)}{unit} AS unit, {self.aggregate}\n"
            f"FROM ({self.observations}) AS observed\n"
            "WHERE ({channel:String} = '' OR channel = {channel:String})\n"
            "  AND ({source:String} = '' OR source = {source:String})\n"
            "  AND ({queue:String} = '' OR queue = {queue:String})"
            + (f"\nGROUP BY {groups} ORDER BY {groups}" if groups else "")
        )


def _grade(letter: str, share: str) -> Measure:
    return Measure(
        f"grade_{letter.lower()}",
        1,
        f"Journeys graded {letter}",
        f"Which share of journeys has the grade {letter}, {share}?",
        "share",
        letter in "AB",
        f"Journeys graded {letter} ÷ journeys whose last touchpoint is in the span. The score is 100 less "
        "the strikes; A from 90, B from 75, C from 60, D from 40, F below.",
        "our scale",
        outcomes.JOURNEYS,
        f"grade = '{letter}'",
    )


MEASURES: tuple[Measure, ...] = (
    Measure(
        "first_contact_resolution",
        1,
        "First-contact resolution",
        "How often is it settled at the first contact?",
        "share",
        True,
        "First contacts after which the customer did not come back on the same channel for the same reason "
        "within 7 days, and whose end does not say unresolved ÷ first contacts. A first contact was started "
        "in the span and reached someone, and none did by the same customer, channel and reason in the 7 "
        "days before. Coming back counts even where nobody answered. Contacts without a reason, "
        "and those in which we got in touch (direction outbound), are left out.",
        "average 70 %, good 70 to 79 %, world class 80 % and more; 7 days (7 to 14 in use)",
        contacts.FIRST,
        "NOT (again_here OR unresolved)",
        "first_here",
        settles=7 * DAY,
    ),
    Measure(
        "one_contact_resolution",
        1,
        "One-contact resolution",
        "How often is it settled with one contact, whatever the channels?",
        "share",
        True,
        "As first-contact resolution, across channels: coming back on any channel for the same reason "
        "within 7 days is a failure, and a first contact has none before it on any.",
        "59 % across channels, where it is 70 % within one",
        contacts.FIRST,
        "NOT (again_anywhere OR unresolved)",
        "first_anywhere",
        settles=7 * DAY,
    ),
    Measure(
        "service_level",
        1,
        "Service level",
        "Which share of those who queue is answered within 20 seconds?",
        "share",
        True,
        "Contacts answered within 20 s ÷ contacts queued in the span (each by its first queue). The wait is "
        "the answer's wait_seconds, else the time between the two events.",
        "80 % in 20 s",
        contacts.QUEUED,
        "answered AND waited <= 20",
    ),
    Measure(
        "abandonment",
        1,
        "Abandonment",
        "Which share of those who queue gives up?",
        "share",
        False,
        "Contacts abandoned in the queue after more than 10 s ÷ contacts queued in the span. Short "
        "abandons, calls back (promise.made of kind callback with the contact_id) and hang-ups in the menu "
        "are left out of both.",
        "5 to 8 %",
        contacts.QUEUED,
        "abandoned",
        "NOT called_back AND NOT (abandoned AND waited <= 10)",
    ),
    Measure(
        "short_abandons",
        1,
        "Short abandons",
        "Which share of those who queue is gone within 10 seconds?",
        "share",
        False,
        "Contacts abandoned in the queue within 10 s ÷ contacts queued in the span, without calls back.",
        "5 to 10 s, no standard; reported apart",
        contacts.QUEUED,
        "abandoned AND waited <= 10",
        "NOT called_back",
    ),
    Measure(
        "average_wait",
        1,
        "Average speed of answer",
        "How long does one wait for an answer?",
        "seconds",
        False,
        "Seconds waited ÷ contacts answered, of those queued in the span.",
        "28 s on average",
        contacts.QUEUED,
        "waited",
        "answered",
    ),
    Measure(
        "transfer_rate",
        1,
        "Transfers",
        "Which share of contacts is handed on?",
        "share",
        False,
        "Contacts transferred at least once ÷ contacts started in the span that reached someone.",
        "19 % of calls; satisfaction 12 % and resolution 14 % lower when transferred",
        contacts.HANDLED,
        "transferred",
    ),
    Measure(
        "escalation_rate",
        1,
        "Escalations",
        "Which share of contacts goes up?",
        "share",
        False,
        "Contacts escalated at least once ÷ contacts started in the span that reached someone.",
        "no number in use",
        contacts.HANDLED,
        "escalated",
    ),
    Measure(
        "mentions_answered",
        1,
        "Mentions answered within an hour",
        "Which share of public mentions is answered within 60 minutes?",
        "share",
        True,
        "Mentions with an answer within 60 minutes ÷ mentions posted in the span.",
        "60 min expected by 40 to 50 %; warn at 60 min, breach at 24 h",
        voice.MENTIONS,
        "isNotNull(took) AND took <= 3600",
        settles=HOUR,
    ),
    Measure(
        "mention_response_time",
        1,
        "Response time on social media",
        "How long does a public mention wait for its answer?",
        "seconds",
        False,
        "Median seconds from mention.posted to the first mention.answered, of mentions posted in the span "
        "that were answered (within 30 days). What was never answered is in mentions_answered.",
        "60 min expected; breach at 24 h",
        voice.MENTIONS,
        "took",
        "isNotNull(took)",
        kind="median",
        settles=30 * DAY,
    ),
    Measure(
        "detractors_answered",
        1,
        "Detractors answered within two days",
        "Which share of those who would not recommend us hears from us within 48 hours?",
        "share",
        True,
        "NPS scores of 0 to 6 with an answer within 48 hours ÷ NPS scores of 0 to 6 given in the span.",
        "a detractor's follow-up 48 h",
        voice.FEEDBACK,
        "isNotNull(took) AND took <= 172800",
        "metric = 'nps' AND isNotNull(score) AND score <= 6",
        settles=2 * DAY,
    ),
    Measure(
        "feedback_response_time",
        1,
        "Response time on feedback",
        "How long does feedback wait for its answer?",
        "seconds",
        False,
        "Median seconds from feedback.given to the first feedback.answered, of feedback given in the span "
        "that was answered (within 30 days).",
        "a detractor's follow-up 48 h; e-mail 6 h",
        voice.FEEDBACK,
        "took",
        "isNotNull(took)",
        kind="median",
        settles=30 * DAY,
    ),
    Measure(
        "nps",
        1,
        "Net promoter score",
        "Would customers recommend us?",
        "points",
        True,
        "Share of 9 and 10 less share of 0 to 6, in points, of the NPS scores given in the span (on 0 to "
        "10).",
        "NPS = % of 9 and 10 less % of 0 to 6",
        voice.SCORES,
        "100 * ((score >= 9) - (score <= 6))",
        "metric = 'nps' AND score BETWEEN 0 AND 10",
    ),
    Measure(
        "csat",
        1,
        "Satisfaction",
        "Which share of those asked is satisfied?",
        "share",
        True,
        "Scores of 4 or 5 ÷ CSAT scores given in the span. On another scale: of at least four fifths of the "
        "highest; where lower is better, the scale is turned round. Without a scale, it is 5.",
        "CSAT = (4s + 5s) ÷ answers",
        voice.SCORES,
        "if(lower, ifNull(scale, 5) + 1 - score, score) >= 0.8 * ifNull(scale, 5)",
        "metric = 'csat'",
    ),
    Measure(
        "ces",
        1,
        "Customer effort score",
        "How easy do customers say it was?",
        "of 7",
        True,
        "Mean of the CES scores given in the span, brought to 1 to 7 with 7 the easiest: scales from 1 to "
        "`scale` (7 if not given), turned round where lower_is_better says so.",
        "CES = mean, with its scale and direction stored",
        voice.SCORES,
        "1 + 6 * if(lower, ifNull(scale, 7) - score, score - 1) / (ifNull(scale, 7) - 1)",
        "metric = 'ces' AND ifNull(scale, 7) > 1",
    ),
    Measure(
        "effort",
        1,
        "Observed effort",
        "How many steps does a journey take that it need not?",
        "steps",
        False,
        "Contacts, transfers, channel switches and repeats ÷ journeys whose last touchpoint is in the span.",
        "observed, where CES is asked for",
        outcomes.JOURNEYS,
        "contacts + transfers + channel_switches + repeats",
    ),
    Measure(
        "waiting",
        1,
        "Waiting in a journey",
        "How long does one wait in a journey, over all its contacts?",
        "seconds",
        False,
        "Seconds waited in contacts ÷ journeys whose last touchpoint is in the span.",
        "observed, where CES is asked for",
        outcomes.JOURNEYS,
        "wait_seconds",
    ),
    Measure(
        "strikes",
        1,
        "Strikes",
        "How much friction weighs on a journey?",
        "strikes",
        False,
        "Strikes (the sum of the frictions' weights) ÷ journeys whose last touchpoint is in the span.",
        "our scale",
        outcomes.JOURNEYS,
        "strikes",
    ),
    _grade("A", "with next to no friction"),
    _grade("B", "with a little friction"),
    _grade("C", "with some friction"),
    _grade("D", "with much friction"),
    _grade("F", "with most friction"),
    Measure(
        "recovered",
        1,
        "Friction recovered",
        "Which share of frictions came right in the end?",
        "share",
        True,
        "Frictions resolved by now ÷ frictions opened in the span. What cannot come right, such as a caller "
        "who hung up, stays open and counts.",
        "taken back when the purchase comes",
        outcomes.FRICTIONS,
        "status = 'resolved'",
    ),
    Measure(
        "recovery_time",
        1,
        "Time to recover",
        "How long does it take until a friction comes right?",
        "seconds",
        False,
        "Median seconds from a friction's opening to its resolution, of those opened in the span and "
        "resolved.",
        "our choice",
        outcomes.FRICTIONS,
        "dateDiff('millisecond', at, assumeNotNull(resolved_at)) / 1000",
        "isNotNull(resolved_at)",
        kind="median",
    ),
    Measure(
        "value_at_risk",
        1,
        "Value at risk",
        "How much money hangs on customers who met friction?",
        "currency",
        False,
        "Sum of the last value of carts and orders that were touched in the span and are open at its end, "
        "of customers with a friction opened in the span; a figure for each currency. A cart is open until "
        "its customer places an order, on any channel; an order until it is delivered, cancelled or "
        "refunded (one in a store is delivered at once) and without a value of its own it has its cart's. "
        "The denominator is how many there are.",
        "carts: 1 h since the last activity, taken back when the purchase comes",
        outcomes.VALUE_AT_RISK,
        "value",
        kind="sum",
    ),
)
"""All measures, in the order in which they are shown."""

BY_NAME = {measure.name: measure for measure in MEASURES}
