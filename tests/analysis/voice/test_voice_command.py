"""`touchline voice` and its job, over a store in which a friction makes customers write."""

import json
from collections.abc import Callable
from pathlib import Path
from shutil import copytree
from statistics import fmean
from typing import TYPE_CHECKING, Any

import pytest

from tests.analysis.voice.voiced_store import (
    BEGAN,
    END,
    GERMANS,
    MET,
    OTHERS,
    PRIVATE_PARTS,
    fill,
)
from tests.analysis.voice.writing import THEMES
from touchline.config.settings import Settings
from touchline.friction import RuleSet
from touchline.panels import BY_ID, expand
from touchline.runtime.alerting.queries import query_of
from touchline.services.jobs.voice import voice
from touchline.store import Store, open_store

if TYPE_CHECKING:
    from typer.testing import Result

Run = Callable[..., "Result"]


@pytest.fixture(scope="module")
def voiced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of the store."""
    folder = tmp_path_factory.mktemp("voiced")
    with open_store(folder / "store") as store:
        fill(store)
    return folder


@pytest.fixture
def said(touchline: Run, voiced: Path) -> Callable[..., dict[str, Any]]:
    """The JSON of a command."""

    def run(*arguments: str) -> dict[str, Any]:
        result = touchline("voice", *arguments, "--data", voiced, "--json")
        assert result.exit_code == 0, result.output
        content: dict[str, Any] = json.loads(result.stdout)
        return content

    return run


def test_topics_are_those_of_the_language(said: Callable[..., dict[str, Any]]) -> None:
    """Each language has its own topics; sentiment is learned where there are scores, and only there."""
    english, german = said("topics")["languages"]
    assert (english["language"], english["texts"]) == ("en", MET + OTHERS + 1)
    assert (german["language"], german["texts"]) == ("de", GERMANS)
    for theme in THEMES.values():
        named = [set(topic["words"]) & set(theme.split()) for topic in english["topics"]]
        assert max(map(len, named)) == 6
    assert english["sentiment"]["auc"][1] > 0.9
    assert german["sentiment"]["missing"] == "not enough scored texts: 0, 200 are needed"


def test_words_after_a_friction_are_its_words(said: Callable[..., dict[str, Any]]) -> None:
    """The words that stand out are those of the friction's theme; where too few wrote, that is said."""
    english, german = said("words", "delivery_late")["languages"]
    assert (english["affected"], english["others"]) == (MET, OTHERS)
    assert {word["word"] for word in english["words"][:8]} < set(THEMES["delivery"].split())
    assert "tracking" in {word["word"] for word in english["words"]}
    assert german["missing"] == "too few to say: 0 wrote after it, 20 are needed"


def test_scores_are_compared_with_those_without_friction(
    said: Callable[..., dict[str, Any]], touchline: Run, voiced: Path
) -> None:
    """The shares and their difference are those of a plain count; the interval holds what was planted."""
    csat, nps = said("scores")["scores"]
    with open_store(voiced / "store") as store:
        rows = store.query(
            "SELECT entity, JSONExtractString(data, 'metric'), JSONExtractFloat(data, 'score') FROM events "
            "WHERE type = 'feedback.given'"
        ).result_rows
    met = {f"account:{number}" for number in range(MET)}
    for row, metric in ((csat, "csat"), (nps, "nps")):
        values = [(who in met, _value(metric, score)) for who, kind, score in rows if kind == metric]
        after = fmean(value for is_met, value in values if is_met)
        without = fmean(value for is_met, value in values if not is_met)
        assert (row["metric"], row["rule"], row["customers"], row["unaffected"]) == (
            metric,
            "delivery_late",
            MET,
            OTHERS,
        )
        assert (row["score"], row["usual"]) == (pytest.approx(after), pytest.approx(without))
        assert row["difference"] == pytest.approx(after - without)
        planted = -0.5 if metric == "csat" else -100
        assert row["low"] < planted < row["high"] < 0
    shown = touchline("voice", "scores", "--data", voiced).output
    assert f"({MET} customers)" in shown


def _value(metric: str, score: float) -> float:
    return float(score >= 4) if metric == "csat" else 100.0 * ((score >= 9) - (score <= 6))


def test_verbatims_identify_nobody(said: Callable[..., dict[str, Any]], touchline: Run, voiced: Path) -> None:
    """Addresses, account names, numbers and the customer's own identifiers are left out of texts."""
    newest = said("verbatims", "delivery_late")["verbatims"][0]["words"]
    assert not [part for part in PRIVATE_PARTS if part in newest]
    assert newest.startswith("my parcel [number] is late, write to [e-mail] or [number], I am [name]")
    assert newest.endswith("two days late")
    shown = touchline("voice", "verbatims", "delivery_late", "--data", voiced).output
    assert newest in shown
    assert said("verbatims", "other_rule")["verbatims"] == []


def test_the_tables_hold_no_text_and_forget_with_the_events(voiced: Path) -> None:
    """The job stores topics and words alone; texts of forgotten customers leave every panel at once."""
    now = 4_000_000_000_000
    with open_store(voiced / "store") as store:
        job = voice(Settings(), lambda: RuleSet(()))
        job.run(query_of(store), store.insert, now)
        assert _count(store, "current_voice_texts") == MET + OTHERS + GERMANS + 1
        written = store.query("SELECT JSONExtractString(data, 'comment') FROM events").result_rows
        for table in ("voice_texts", "voice_words", "voice_topics", "voice_languages", "voice_runs"):
            stored = str(store.query(f"SELECT * FROM {table}").result_rows)
            assert "anna" not in stored
            assert not [text for (text,) in written if text and text in stored]
        before = _shown(store, "voice_topics")
        store.delete_events(["account:0"], ["account:0"])
        after = _shown(store, "voice_topics")
        assert sum(row["texts"] for row in before) - sum(row["texts"] for row in after) == 2
        assert not [row for row in _shown(store, "voice_verbatims") if "e-mail" in row["words"]]
        job.run(query_of(store), store.insert, now + 1)
        assert _count(store, "current_voice_texts") == MET + OTHERS + GERMANS - 1


def _count(store: Store, view: str) -> int:
    count: int = store.query(f"SELECT count() FROM {view}").result_rows[0][0]
    return count


def _shown(store: Store, panel: str) -> list[dict[str, Any]]:
    answer = store.query(expand(BY_ID[panel].sql, BEGAN, END, 86_400))
    return [dict(zip(answer.column_names, row, strict=True)) for row in answer.result_rows]


def test_without_texts_the_commands_say_so(touchline: Run, tmp_path: Path, new_store: Path) -> None:
    """An empty store is no error, for commands and for the job."""
    copytree(new_store, tmp_path / "data" / "store", symlinks=True)
    for arguments, message in (
        (("topics",), "No text in this time"),
        (("words", "any"), "No text in this time"),
        (("scores",), "No score came"),
        (("verbatims", "any"), "Nobody wrote"),
    ):
        result = touchline("voice", *arguments, "--data", tmp_path / "data")
        assert result.exit_code == 0
        assert message in result.stdout
    with open_store(tmp_path / "data" / "store") as store:
        voice(Settings(), lambda: RuleSet(())).run(query_of(store), store.insert, 4_000_000_000_000)
        assert _count(store, "voice_runs") == 0
