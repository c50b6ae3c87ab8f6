"""`touchline voice`: what customers say, and what they say after a friction."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from touchline.cli.errors import fail
from touchline.cli.output import literal, print_json, screen

if TYPE_CHECKING:
    from touchline.analysis.voice.corpus import Contrast, Corpus
    from touchline.measures import Ask

app = typer.Typer(
    help="What customers say: topics, words and verbatims after a friction, scores with and without it.",
    no_args_is_help=True,
)

Since = Annotated[str, typer.Option(metavar="90d|TIME", help="How far back, or from when.")]
Data = Annotated[Path | None, typer.Option(metavar="DIR", help="The data folder.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object.")]
RuleArgument = Annotated[str, typer.Argument(metavar="RULE", help="A rule, such as delivery_late.")]

_UNITS = {"nps": (" points", 1, 0), "csat": (" %", 100, 0), "ces": (" of 7", 1, 1)}
_SHOWN = 50
_NO_TEXT = "No text in this time: neither comments of feedback.given nor texts of mention.posted."


class _Asked(NamedTuple):
    ask: "Ask"
    since: int
    until: int

    @property
    def period(self) -> dict[str, str]:
        """The period as parameters of a query."""
        from touchline.measures import Span

        return Span(self.since, self.until).parameters


@contextmanager
def _asked(since: str, data: Path | None) -> Iterator[_Asked]:
    """The store and the period of a command."""
    from touchline.cli.spans import extent, query_function
    from touchline.cli.spans import since as began
    from touchline.config.settings import load_settings
    from touchline.config.stores import readable_store

    settings = load_settings(data=data)
    with readable_store(settings) as reader:
        ask = query_function(reader)
        _, end = extent(ask)
        yield _Asked(ask, began(since, end, settings.zone), end)


@app.command()
def topics(since: Since = "90d", data: Data = None, as_json: AsJson = False) -> None:
    """Find the topics of complaints, comments and public posts, for each language.

    Example: touchline voice topics

    Example: touchline voice topics --since 30d --json
    """
    found = [(corpus, corpus.topics(), corpus.sentiment()) for corpus in _corpora(since, data)]
    from touchline.analysis.voice.corpus import topic_counts

    languages = [
        {
            "language": corpus.language or None,
            "texts": len(corpus.texts),
            "no_topics": named.missing or None,
            "topics": [
                {"words": topic.words, "texts": int(count), "coherence": topic.coherence}
                for topic, count in zip(named.topics, topic_counts(named), strict=True)
            ],
            "sentiment": {
                "scored": sentiment.scored,
                "auc": sentiment.area and [sentiment.area.value, sentiment.area.low, sentiment.area.high],
                "missing": sentiment.missing or None,
            },
        }
        for corpus, named, sentiment in found
    ]
    if as_json:
        print_json({"languages": languages})
    else:
        _show_topics(languages)


@app.command()
def words(rule: RuleArgument, since: Since = "90d", data: Data = None, as_json: AsJson = False) -> None:
    """Find the words that customers use more often after a friction than others do.

    Example: touchline voice words delivery_late

    Example: touchline voice words delivery_late --since 30d --json
    """
    found = [corpus.contrast(rule) for corpus in _corpora(since, data) if corpus.language]
    if as_json:
        print_json({"rule": rule, "languages": [_plain(one) for one in found]})
    else:
        _show_words(rule, found)


@app.command()
def scores(since: Since = "90d", data: Data = None, as_json: AsJson = False) -> None:
    """Compare NPS, CSAT and CES after each friction with scores without any friction before.

    Example: touchline voice scores

    Example: touchline voice scores --since 30d --json
    """
    from touchline.measures.voice import scores_after

    names = ("metric", "rule", "customers", "score", "unaffected", "usual", "difference", "low", "high")
    with _asked(since, data) as asked:
        rows = [dict(zip(names, row, strict=True)) for row in asked.ask(scores_after(), asked.period)]
    if as_json:
        print_json({"scores": rows})
    else:
        _show_scores(rows)


@app.command()
def verbatims(rule: RuleArgument, since: Since = "90d", data: Data = None, as_json: AsJson = False) -> None:
    """Print what customers wrote after a friction, without addresses, account names and numbers.

    Example: touchline voice verbatims delivery_late

    Example: touchline voice verbatims delivery_late --since 30d --json
    """
    from touchline.measures.voice import verbatims as verbatims_after

    named = verbatims_after(_SHOWN, rules="rule = {rule:String}")
    sql = f"SELECT toString(at), channel, source, kind, words FROM ({named})"  # noqa: S608
    with _asked(since, data) as asked:
        rows = asked.ask(sql, asked.period | {"rule": rule})
    if as_json:
        names = ("at", "channel", "source", "kind", "words")
        print_json({"rule": rule, "verbatims": [dict(zip(names, row, strict=True)) for row in rows]})
        return
    console = screen()
    for at, channel, source, kind, said in rows:
        console.print(literal(f"{at[:10]}  {channel}/{source}  {kind}", "dim"), soft_wrap=True)
        console.print(literal(" ".join(str(said).split())), soft_wrap=True)
    if not rows:
        console.print(literal(f"Nobody wrote in the two weeks after {rule}, in this time."))


def _corpora(since: str, data: Path | None) -> "list[Corpus]":
    try:
        from touchline.analysis.voice.corpus import by_language
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in (
            "numpy",
            "py3langid",
            "snowballstemmer",
            "stopwordsiso",
        ):
            raise
        raise fail("voice needs more: from a clone, run pip install './touchline[server,voice]'") from None
    from touchline.analysis.reading.texts import read_texts

    with _asked(since, data) as asked:
        return by_language(read_texts(asked.ask, asked.since, asked.until))


def _show_topics(languages: list[dict[str, Any]]) -> None:
    from rich.table import Table

    console = screen()
    if not languages:
        console.print(_NO_TEXT)
    for one in languages:
        console.print(literal(f"{one['language'] or 'unknown language'}: {one['texts']:,} texts", "bold"))
        if one["no_topics"]:
            console.print(f"  no topics: {one['no_topics']}")
            continue
        table = Table("topic", "texts", "share")
        for topic in one["topics"]:
            # Words that do not go together are no topic that anybody can name.
            style = "" if topic["coherence"] >= 0 else "dim"
            share = f"{topic['texts'] / one['texts']:.0%}"
            table.add_row(literal(", ".join(topic["words"])), f"{topic['texts']:,}", share, style=style)
        console.print(table)
        console.print(_sentiment(one["sentiment"]), style="dim", soft_wrap=True)


def _sentiment(found: dict[str, Any]) -> str:
    if found["missing"]:
        return f"sentiment: {found['missing']}"
    value, low, high = found["auc"]
    return (
        f"sentiment: learned from {found['scored']:,} scored texts; it ranks a low score below a high one in "
        f"{value:.0%} of pairs ({low:.0%} to {high:.0%}; a guess: 50%)"
    )


def _plain(found: "Contrast") -> dict[str, Any]:
    return {
        "language": found.language,
        "affected": found.affected,
        "others": found.others,
        "missing": found.missing or None,
        "words": [
            {"word": one.stem, "customers": one.customers, "others": one.others, "odds": one.odds, "z": one.z}
            for one in found.words
        ],
    }


def _show_words(rule: str, found: "list[Contrast]") -> None:
    from rich.table import Table

    console = screen()
    if not found:
        console.print(_NO_TEXT)
    for one in found:
        wrote = f"{one.affected:,} customers wrote after {rule}, {one.others:,} without it"
        console.print(literal(f"{one.language}: {wrote}", "bold"))
        if one.missing or not one.words:
            console.print(f"  {one.missing or 'no word stands out'}")
            continue
        table = Table("word", "after it", "without it", "odds")
        for word in one.words[:15]:
            table.add_row(
                literal(word.stem),
                f"{word.customers / one.affected:.0%}",
                f"{word.others / one.others:.0%}",
                f"{word.odds:.1f} times",
            )
        console.print(table)


def _show_scores(rows: list[dict[str, Any]]) -> None:
    from rich.table import Table

    console = screen()
    if not rows:
        console.print("No score came within two weeks after a friction, in this time.")
        return
    table = Table("score", "rule", "after it", "without friction", "difference (95 % interval)")
    for row in rows:
        table.add_row(
            row["metric"],
            literal(row["rule"]),
            _scored(row["metric"], row["score"], row["customers"]),
            _scored(row["metric"], row["usual"], row["unaffected"]),
            _difference(row),
        )
    console.print(table)


def _scored(metric: str, value: float | None, customers: int) -> str:
    return "-" if value is None else f"{_amount(metric, value)}{_UNITS[metric][0]} ({customers:,} customers)"


def _difference(row: dict[str, Any]) -> str:
    if row["difference"] is None:
        return "too few to say"
    low, high = (_amount(row["metric"], row[side], "+") for side in ("low", "high"))
    clear = "" if row["low"] * row["high"] > 0 else ": no clear difference"
    return f"{_amount(row['metric'], row['difference'], '+')} ({low} to {high}){clear}"


def _amount(metric: str, value: float, sign: str = "") -> str:
    _, scale, digits = _UNITS[metric]
    return f"{value * scale:{sign}.{digits}f}"
