"""What *Voice* must show."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from math import sqrt
from statistics import fmean, variance

from tests.panels.counting.measures import one_ratio
from tests.panels.counting.reading import Count, Plain, Row, Rows, Seen, moment, second
from touchline.vocabulary.event import Event

DAY = 86_400_000
FIELDS = {"feedback.given": "comment", "mention.posted": "text"}


def _texts(plain: Plain, seen: Seen) -> list[Event]:
    """The events with a text, of what is chosen, in the order of time."""
    return [
        event
        for event in plain.events
        if event.data.get(FIELDS.get(event.type, ""))
        and seen.chosen(channel=event.channel, source=event.source)
    ]


def _rules_before(plain: Plain, event: Event) -> list[Row]:
    return [
        one
        for one in plain.frictions
        if one["customer"] == plain.owners[event.id] and 0 < event.time - one["opened_at"] <= 14 * DAY
    ]


def voice_texts(plain: Plain, seen: Seen) -> Rows:
    return [{"value": sum(seen.measured(event.time) for event in _texts(plain, seen))}]


def _examined(plain: Plain, seen: Seen) -> Iterable[tuple[Event, Row, bool]]:
    """Texts of the span, and of the one before (False), with what was found in each."""
    found = {row["event"]: row for row in plain.voice["voice_texts"]}
    start, end = seen.start // 1000 * 1000, seen.end // 1000 * 1000
    for event in _texts(plain, seen):
        if 2 * start - end <= event.time <= end:
            yield event, found[event.id], event.time >= start


def _label(plain: Plain, language: str, topic: int | None, words: int = 9) -> str:
    for row in plain.voice["voice_topics"]:
        if (row["language"], row["topic"]) == (language, topic):
            return ", ".join(row["words"][:words])
    [one] = [row for row in plain.voice["voice_languages"] if row["language"] == language]
    return one["no_topics"] or "no clear topic"


def topics(plain: Plain, seen: Seen) -> Rows:
    now: Counter[tuple[str, int | None]] = Counter()
    before: Counter[tuple[str, int | None]] = Counter()
    negative: dict[tuple[str, int | None], list[float]] = defaultdict(list)
    for _, row, is_now in _examined(plain, seen):
        key = row["language"], row["topic"]
        (now if is_now else before)[key] += 1
        if is_now and row["negative"] is not None:
            negative[key].append(row["negative"])
    rows: Rows = []
    for key, texts in now.items():
        total = sum(number for (language, _), number in now.items() if language == key[0])
        earlier = sum(number for (language, _), number in before.items() if language == key[0])
        share = texts / total
        change = "too few texts before"
        if earlier >= 50:
            was = before[key] / earlier
            clear = 3 * sqrt(share * (1 - share) / total + was * (1 - was) / earlier)
            way = "up" if share > was else "down"
            change = "no clear change"
            if abs(share - was) > clear:
                change = f"{way} {round(100 * abs(share - was), 1):g} points"
        rows.append(
            {
                "topic": _label(plain, *key),
                "language": key[0] or "unknown",
                "texts": texts,
                "share": share,
                "change": change,
                "negative": fmean(negative[key]) if negative[key] else None,
            }
        )
    return sorted(rows, key=lambda row: (-row["texts"], row["language"], row["topic"]))


def topics_over_time(plain: Plain, seen: Seen) -> Rows:
    found = [
        (event.time, row["language"], row["topic"])
        for event, row, is_now in _examined(plain, seen)
        if is_now and row["topic"] is not None
    ]
    counts = Counter((language, topic) for _, language, topic in found)
    frequent = sorted(counts, key=lambda key: (-counts[key], key))[:6]
    points = Counter(
        (
            seen.bucket(at),
            _label(plain, language, topic, 3) if (language, topic) in frequent else "other topics",
        )
        for at, language, topic in found
    )
    return [
        {"time": second(at), "series": name, "value": number} for (at, name), number in sorted(points.items())
    ]


def words(plain: Plain, seen: Seen) -> Rows:
    rows = sorted(plain.voice["voice_words"], key=lambda row: (row["rule"], -row["z"], row["word"]))
    return [
        {
            "rule": row["rule"],
            "word": row["word"],
            "language": row["language"],
            "customers": row["customers"],
            "share": row["customers"] / row["affected"],
            "usual": row["others"] / row["unaffected"],
            "odds": row["odds"],
        }
        for row in rows
        if seen.chosen(rule=row["rule"])
    ]


def _value(event: Event) -> float | None:
    score: float | None = event.data.get("score")
    if score is None:
        return None
    if event.data["metric"] == "nps":
        return 100.0 * ((score >= 9) - (score <= 6))
    return float(score >= 4) if event.data["metric"] == "csat" else None


def scores(plain: Plain, seen: Seen) -> Rows:
    last: dict[tuple[str, str], Event] = {}
    for event in plain.events:
        is_seen = seen.measured(event.time) and seen.chosen(channel=event.channel, source=event.source)
        if event.type == "feedback.given" and is_seen and _value(event) is not None:
            last[plain.owners[event.id], event.data["metric"]] = event
    values: dict[tuple[str, str], list[float]] = defaultdict(list)
    for (_, metric), event in last.items():
        value = _value(event)
        assert value is not None
        for rule in {one["rule"] for one in _rules_before(plain, event)} or {""}:
            values[metric, rule].append(value)
    rows = [
        {
            "metric": metric,
            "rule": rule,
            "customers": len(found),
            "score": _shown(metric, fmean(found)),
            "usual": _shown(metric, fmean(values[metric, ""])) if values[metric, ""] else None,
            "unaffected": len(values[metric, ""]),
            "difference": _difference(metric, found, values[metric, ""]),
        }
        for (metric, rule), found in list(values.items())
        if rule and seen.chosen(rule=rule)
    ]
    return sorted(rows, key=lambda row: (row["metric"], -int(str(row["customers"])), row["rule"]))


def _shown(metric: str, value: float) -> str:
    return f"{round(100 * value)} %" if metric == "csat" else f"{round(value)} points"


def _difference(metric: str, found: list[float], usual: list[float]) -> str:
    if min(len(found), len(usual)) < 20:
        return "too few to say"
    difference = fmean(found) - fmean(usual)
    middle, scale = difference, 1
    if metric == "csat":
        # One success and one failure more on either side.
        p, q = ((sum(one) + 1) / (len(one) + 2) for one in (found, usual))
        middle, scale = p - q, 100
        spread = p * (1 - p) / (len(found) + 2) + q * (1 - q) / (len(usual) + 2)
    else:
        spread = variance(found) / len(found) + variance(usual) / len(usual)
        if not spread:
            return "too few to say"
    low, high = middle - 1.96 * sqrt(spread), middle + 1.96 * sqrt(spread)
    shown = [round(scale * one) for one in (difference, low, high)]
    first, second_, third = (f"{'+' if one > 0 else ''}{one}" for one in shown)
    return f"{first} ({second_} to {third})" + ("" if low > 0 or high < 0 else ": no clear difference")


def verbatims(plain: Plain, seen: Seen) -> Rows:
    rows: list[tuple[Event, Row]] = []
    shown: Counter[str] = Counter()
    for event in sorted(_texts(plain, seen), key=lambda one: (-one.time, one.id)):
        rules = sorted({one["rule"] for one in _rules_before(plain, event) if seen.chosen(rule=one["rule"])})
        if not rules or not seen.measured(event.time) or shown[plain.owners[event.id]] == 3:
            continue
        shown[plain.owners[event.id]] += 1
        row = {
            "at": moment(event.time),
            "rules": ", ".join(rules),
            "words": event.data[FIELDS[event.type]],
            "kind": event.data.get("metric", "mention"),
            "channel": event.channel,
            "source": event.source,
        }
        rows.append((event, row))
    return [row for _, row in rows[:50]]


FACTORS = {
    "scanner tool": "technology",
    "refund rule": "process",
    "training": "people",
    "parcel tracking tool": "technology",
    "returns rules": "process",
}


def staff(plain: Plain, seen: Seen) -> Rows:
    reports: dict[tuple[str, ...], list[Event]] = defaultdict(list)
    for event in plain.events:
        is_seen = seen.measured(event.time) and seen.chosen(channel=event.channel, source=event.source)
        if event.type == "staff.feedback_given" and is_seen:
            topic, team = event.data["topic"], event.data.get("team", "")
            factor = event.data.get("factor", FACTORS.get(topic, ""))
            reports[topic, team, factor, event.channel, event.source].append(event)
    met = [one for one in plain.frictions if seen.measured(one["opened_at"])]
    rows: Rows = []
    for (topic, team, factor, channel, source), found in reports.items():
        alike = [one for one in met if factor in ("", one["factor"])]
        place = [one for one in met if (one["channel"], one["source"]) == (channel, source)]
        rules = Counter(one["rule"] for one in alike)
        given = [event.data["score"] / 5 for event in found if event.data.get("score") is not None]
        said = [event.data["comment"] for event in found if event.data.get("comment")]
        rows.append(
            {
                "topic": topic,
                "team": team,
                "factor": factor,
                "channel": channel,
                "source": source,
                "voices": len(found),
                "score": fmean(given) if given else None,
                "frictions": sum(one in alike for one in place) if place else None,
                "everywhere": len(alike),
                "rule": max(rules, key=lambda rule: (rules[rule], rule)) if rules else "",
                "comment": said[-1] if said else "",
            }
        )
    order = ("topic", "team", "channel", "source")
    rows.sort(key=lambda row: (-row["voices"], -row["everywhere"], *(row[name] for name in order)))
    return rows[:50]


def languages(plain: Plain, seen: Seen) -> Rows:
    rows = sorted(plain.voice["voice_languages"], key=lambda row: (-row["texts"], row["language"]))
    return [
        {
            "language": row["language"] or "unknown",
            "texts": row["texts"],
            "topics": row["no_topics"] or "yes",
            "sentiment": row["no_sentiment"]
            or f"right for {round(100 * row['area'])} % of pairs "
            f"({round(100 * row['area_low'])} to {round(100 * row['area_high'])} %)",
        }
        for row in rows
    ]


COUNTS: dict[str, Count] = {
    "voice_texts": voice_texts,
    "nps": one_ratio("nps"),
    "csat": one_ratio("csat"),
    "detractors_answered": one_ratio("detractors_answered"),
    "voice_topics": topics,
    "voice_topics_over_time": topics_over_time,
    "voice_words": words,
    "voice_scores": scores,
    "voice_verbatims": verbatims,
    "voice_staff": staff,
    "voice_languages": languages,
}
"""Panel id → its plain count."""
