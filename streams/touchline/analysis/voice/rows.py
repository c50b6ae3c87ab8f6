"""What is stored of customers' texts: rows of the tables `voice_…`, by column. None has a text."""

from collections.abc import Sequence
from typing import Any

from touchline.analysis.voice.corpus import Written, by_language

Columns = dict[str, Sequence[Any]]


def voice_rows(texts: Sequence[Written], since: int, until: int, now: int) -> dict[str, Columns]:
    """The rows of each table, in the order in which they are written: once a run is there, its rows are.

    Args:
        texts: The texts, in the order of time.
        since: When they begin, ms since 1970.
        until: When they end.
        now: When this is computed, ms since 1970.
    """
    tables: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("voice_texts", "voice_words", "voice_topics", "voice_languages", "voice_runs")
    }
    for corpus in by_language(texts):
        topics, sentiment = corpus.topics(), corpus.sentiment()
        negative = sentiment.negative(corpus.stems)
        area = sentiment.area
        tables["voice_languages"].append(
            {
                "language": corpus.language,
                "texts": len(corpus.texts),
                "no_topics": topics.missing,
                "scored": sentiment.scored,
                "area": area.value if area else None,
                "area_low": area.low if area else None,
                "area_high": area.high if area else None,
                "no_sentiment": sentiment.missing,
            }
        )
        tables["voice_topics"] += [
            {
                "language": corpus.language,
                "topic": number,
                "words": list(topic.words),
                "coherence": topic.coherence,
            }
            for number, topic in enumerate(topics.topics)
        ]
        tables["voice_texts"] += [
            {
                "event": one.id,
                "language": corpus.language,
                "topic": int(topics.topic[index]) if topics.topic[index] >= 0 else None,
                "negative": None if negative is None else float(negative[index]),
            }
            for index, one in enumerate(corpus.texts)
        ]
        for rule in corpus.rules() if corpus.language else ():
            found = corpus.contrast(rule)
            tables["voice_words"] += [
                {
                    "rule": rule,
                    "language": corpus.language,
                    "word": word.stem,
                    "customers": word.customers,
                    "affected": found.affected,
                    "others": word.others,
                    "unaffected": found.others,
                    "odds": word.odds,
                    "z": word.z,
                }
                for word in found.words
            ]
    tables["voice_runs"].append({"since": since, "until": until})
    return {
        name: {
            "computed_at": [now] * len(rows),
            **{column: [row[column] for row in rows] for column in rows[0]},
        }
        for name, rows in tables.items()
        if rows
    }
