"""Topics of real messages to care teams; skipped where the set is missing."""

import csv
import gzip
from itertools import islice
from pathlib import Path

import pytest

from touchline.analysis.voice.corpus import Written, by_language, topic_counts

SET = Path(__file__).parents[4] / "shared" / "data" / "ibm_care_tweets" / "messages_masked.csv.gz"

pytestmark = pytest.mark.skipif(
    not SET.exists(), reason="the real data is not here: ../shared/data/ibm_care_tweets"
)


def test_topics_of_real_messages_are_those_that_docs_name() -> None:
    """Of the first 600 messages most are English; their topics have words that go together."""
    with gzip.open(SET, "rt", encoding="utf-8") as rows:
        messages = list(islice((row for row in csv.DictReader(rows) if row["role"] == "client"), 600))
    texts = [
        Written(row["session"] + str(number), row["author"], number, row["text"], None, ())
        for number, row in enumerate(messages)
    ]
    english, *_ = by_language(texts)
    assert english.language == "en"
    assert len(english.texts) > 0.9 * len(texts)
    found = english.topics()
    assert len(found.topics) == 9
    assert sum(topic.coherence > 0.1 for topic in found.topics) >= 4
    words = {word for topic in found.topics for word in topic.words}
    assert {"account", "password", "game", "video"} <= words
    assert topic_counts(found).sum() > 0.75 * len(english.texts)
    # Masked accounts, addresses and numbers label nothing.
    assert not [word for word in words if "_" in word or not word.replace("'", "").isalpha()]
