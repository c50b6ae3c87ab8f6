"""SQL for the stored impact of rules: what each friction costs, of which time, and how old that figure is."""

from touchline.panels.sql import RULE

TOGETHER = "rule = ''"
"""SQL condition: the row for all rules together."""

IN_PERIOD = "since < $__toTime AND until > $__fromTime - INTERVAL 1 DAY"
"""SQL condition: the figures are about the period, at least in part."""

CHOSEN = f"rule != '' AND {IN_PERIOD} AND {RULE}"
"""SQL condition: the row of a rule that is chosen."""

CLEAR_LOSS = "loss_low > 0"

DOUBTFUL = "ifNull(placebo_low > 0 OR placebo_high < 0, 0)"
"""SQL condition: those who meet the friction had differed before it."""


def grouped(number: str) -> str:
    """SQL for a number as text, rounded, with a comma after each thousand."""
    digits = f"reverse(toString(toUInt64(abs(round({number})))))"
    thousands = f"replaceRegexpAll({digits}, '([0-9][0-9][0-9])', '\\\\1,')"
    return f"concat(if(round({number}) < 0, '-', ''), trim(LEADING ',' FROM reverse({thousands})))"


def between(name: str) -> str:
    """SQL for the interval of a number as text."""
    return f"concat({grouped(f'{name}_low')}, ' to ', {grouped(f'{name}_high')})"


TOO_FEW = """multiIf(startsWith(missing, 'too early'), 'too early to say', startsWith(missing, 'too few'),
        'too few to say', 'not measurable')"""
"""SQL for why there is no figure, in a few words."""

CURRENCY = "if(currency = '', '', concat(' ', currency))"
"""SQL for the currency behind a number."""


def loss(table: str = "") -> str:
    """SQL for the associated loss with its interval, as text; `table` is a prefix such as `stored.`."""
    known, range_ = grouped(f"{table}loss"), between(f"{table}loss")
    return f"""multiIf(isNull({table}loss), {TOO_FEW}, verdict = 'no clear difference',
        concat('no clear loss (', {range_}, {CURRENCY}, ')'), verdict = 'gain',
        concat('none: the affected spent ', {grouped(f"-{table}loss")}, {CURRENCY}, ' more'),
        concat({known}, {CURRENCY}, ' (', {range_}, ')'))"""


AGE = """multiIf(age('minute', computed_at, now()) < 1, 'under 1 min', age('hour', computed_at, now()) < 1,
        concat(toString(age('minute', computed_at, now())), ' min'),
        age('hour', computed_at, now()) < 48, concat(toString(age('hour', computed_at, now())), ' h'),
        concat(toString(age('day', computed_at, now())), ' days'))"""
"""SQL for how old the figures are."""

LAST = "until - INTERVAL toInt64(intDiv(within, 1000)) SECOND"
"""SQL for the end of the time whose frictions count: the outcome of later ones is not known yet."""


def day(time: str) -> str:
    """SQL for the day of a time as text, such as `3 Nov`."""
    return f"concat(toString(toDayOfMonth({time})), formatDateTime({time}, ' %b'))"


OF = f"""concat('frictions of ', {day("since")}, ' to ', {day(LAST)}, formatDateTime({LAST}, ' %Y'),
        ', computed ', if(age('minute', computed_at, now()) < 1, 'just now', concat({AGE}, ' ago')))"""
"""SQL for the time that a figure is about, and how old it is."""

LOSSES = f"""
    SELECT rule, {loss()} AS loss_text, {OF} AS loss_of
    FROM current_impact WHERE rule != ''
"""
"""The last figure of each rule as texts, to be joined where rules are ranked."""

HEADLINE = f"""
SELECT {loss("stored.")} AS loss, {OF} AS loss_of
FROM current_impact AS stored WHERE {TOGETHER} AND isNotNull(stored.loss)
"""
"""The last figure of all rules together; no row if nothing can be said."""
