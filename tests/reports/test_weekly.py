"""The weekly digest, compared with plain counts over the rows that the store holds."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reports.conftest import digest_of
from tests.reports.shop import BEGAN, END, NEWEST, Shop
from touchline.measures import Ask
from touchline.reports.renderers.html import html_page
from touchline.reports.renderers.markdown import markdown
from touchline.reports.weekly.digest import Digest
from touchline.reports.weekly.verbatims import REMOVED, Said, choose, redacted, with_words, without_words
from touchline.reports.weekly.weeks import last_week, week_at, week_named
from touchline.reports.weekly.writing import digest_report
from touchline.vocabulary.durations import DAY, HOUR, WEEK

SINCE = END - WEEK


def test_counts_are_those_of_the_rows(digest: Digest, shop: Shop) -> None:
    """Frictions, customers affected and days are the counts of plain loops."""
    met = [one for one in shop.rows["frictions"] if SINCE <= one["opened_at"] < END]
    assert (digest.week, digest.since, digest.until) == ("2026-W48", SINCE, END)
    assert digest.frictions == digest.unresolved == len(met)
    active = {one["customer"] for one in shop.rows["journeys"] if one["last"] >= SINCE and one["start"] < END}
    assert digest.affected == pytest.approx(len({one["customer"] for one in met}) / len(active))
    drawn = [one for one in shop.rows["frictions"] if END - 4 * WEEK <= one["opened_at"] < END]
    assert sum(day.number for day in digest.days) == len(drawn)
    assert all((day.at - BEGAN) % DAY == 0 for day in digest.days)


def test_what_changed_is_named_with_its_cause(digest: Digest) -> None:
    """Dead clicks rose, among those with a wallet; the queue, which did not change, is not named."""
    assert [(one.rule, one.is_better) for one in digest.movers] == [("dead_clicks", False)]
    [mover] = digest.movers
    assert (mover.channel, mover.source, mover.owner) == ("web", "shop", "online shop")
    assert "with method wallet: " in mover.why[0]
    assert digest.compared == 2
    assert digest.incomparable == ""


def test_a_week_without_a_change_names_none(ask: Ask) -> None:
    """In the week before nothing changed, and the digest says so."""
    quiet = digest_of(ask, "2026-W47")
    assert quiet.movers == ()
    assert "no clear change" in digest_report(quiet).title


def test_the_first_week_is_not_compared(ask: Ask) -> None:
    """Where the data begin within the week before, the digest says why it compares nothing."""
    first = digest_of(ask, "2026-W45")
    assert "outside the data" in first.incomparable
    assert (first.movers, first.measures, first.affected_before) == ((), (), None)
    assert first.frictions > 0


def test_loops_are_closed_within_48_hours(digest: Digest, shop: Shop) -> None:
    """A detractor who got an answer within 48 hours counts; one who may still get it is counted apart."""
    events = shop.rows["events"]
    answers = {
        msgspec.json.decode(one["data"])["feedback_id"]: one["time"]
        for one in events
        if one["type"] == "feedback.answered"
    }
    opened = {}
    for one in events:
        data = msgspec.json.decode(one["data"])
        if one["type"] == "feedback.given" and data["score"] <= 6 and SINCE <= one["time"] < END:
            opened[data["feedback_id"]] = one["time"]
    closed = {key for key, at in opened.items() if key in answers and answers[key] <= at + 48 * HOUR}
    early = {key for key, at in opened.items() if key not in closed and at + 48 * HOUR > NEWEST}
    [loop] = digest.loops
    assert (loop.title, loop.opened, loop.closed, loop.early) == (
        "Detractors answered",
        len(opened),
        len(closed),
        len(early),
    )
    assert min(len(closed), len(early)) > 0


def test_goals_are_met_or_missed(digest: Digest) -> None:
    """A goal that is missed comes first, and one without data is neither."""
    assert [(goal.title, goal.met) for goal in digest.goals] == [
        ("Detractors answered in two days", False),
        ("Average speed of answer", None),
    ]


def test_costs_have_an_owner(digest: Digest) -> None:
    """The friction with a clear loss is there, with whose it is; one that costs nothing is not."""
    assert [(one.rule, one.owner) for one in digest.costly] == [("dead_clicks", "online shop")]
    assert digest.currency == "EUR"


def test_words_are_kept_as_events(digest: Digest, ask: Ask) -> None:
    """What is stored has no word of a customer. Read again, it is the same while the events are there."""
    assert len(digest.voices) == 3
    stored = without_words(digest)
    assert all(voice.text not in msgspec.json.encode(stored).decode() for voice in digest.voices)
    assert with_words(ask, stored) == digest
    gone = msgspec.structs.replace(stored.voices[0], event="erased")
    erased = msgspec.structs.replace(stored, voices=(gone, *stored.voices[1:]))
    assert with_words(ask, erased).voices == digest.voices[1:]


def test_the_same_store_gives_the_same_bytes(digest: Digest, ask: Ask) -> None:
    """Two digests of one store and time are the same, as HTML and as Markdown."""
    first, second = digest_report(digest), digest_report(digest_of(ask))
    assert html_page(first, "https://live.example") == html_page(second, "https://live.example")
    assert markdown(first) == markdown(second)


def test_the_digest_says_it_all(digest: Digest) -> None:
    """The report has each part, and links to what to look at next."""
    text = markdown(digest_report(digest), "https://live.example")
    for part in (
        "# Week 48: 1 worse",
        "23 November to 29 November 2026, UTC",
        "“Dead clicks”",
        "per 1,000 journeys",
        "online shop (Technology)",
        "Detractors answered",
        "1 missed",
        "<https://live.example/journeys?span=7d&rule=dead_clicks>",
        "<https://live.example/audit>",
        "I clicked the button of basket",
    ):
        assert part in text, part


@settings(max_examples=60)
@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2032, 1, 1)),
    st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia"]),
)
def test_weeks_begin_on_monday_in_their_zone(at: datetime, zone: str) -> None:
    """Every time lies in the week that its date names; the week before ends where it begins."""
    moment = at.replace(tzinfo=ZoneInfo(zone))
    ms = int(moment.timestamp() * 1000)
    week = week_at(ms, zone)
    begins = datetime.fromtimestamp(week.since / 1000, ZoneInfo(zone))
    assert week.since <= ms < week.until
    assert (begins.weekday(), begins.hour, begins.minute) == (0, 0, 0)
    local = datetime.fromtimestamp(ms / 1000, ZoneInfo(zone))
    assert week.name == f"{local.isocalendar().year}-W{local.isocalendar().week:02}"
    assert week_named(week.name, zone) == week
    assert last_week(ms, zone).until == week.since
    assert abs(week.until - week.since - timedelta(days=7) // timedelta(milliseconds=1)) <= HOUR


@pytest.mark.parametrize("name", ["2026", "2026-W54", "W48", "2026-W00", "next"])
def test_what_is_no_week_is_refused(name: str) -> None:
    """A name that is no week of a year is refused."""
    with pytest.raises(ValueError, match="week"):
        week_named(name, "UTC")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Write to jane.doe+x@mail.example please", f"Write to {REMOVED} please"),
        ("call +49 (0)30 1234-567 or 0301234567", f"call {REMOVED} or {REMOVED}"),
        ("order 10432211 from 3 days ago cost 49 EUR", f"order {REMOVED} from 3 days ago cost 49 EUR"),
        ("see https://shop.example/o?id=4 now", f"see {REMOVED} now"),
        ("@anna your service is slow", f"{REMOVED} your service is slow"),
        ("IBAN DE89 3704 0044 0532 0130 00 was charged", f"IBAN {REMOVED} was charged"),
        ("code AB12-CD34 fails", f"code {REMOVED} fails"),
        ("I am Kim and my card is k-17", f"I am {REMOVED} and my card is {REMOVED}"),
        ("The Covid-19 page from 2026 is old", "The Covid-19 page from 2026 is old"),
    ],
)
def test_identifiers_are_taken_out_of_words(text: str, left: str) -> None:
    """Addresses, numbers, handles, codes and the customer's own identifiers are removed; other words stay."""
    assert redacted(text, ("account:k-17", "social:Kim", "device:a")) == left


@settings(max_examples=100)
@given(st.text(max_size=200), st.from_regex(r"[a-z]{3,8}[0-9]{3,6}", fullmatch=True))
def test_no_identifier_is_left_in_any_words(text: str, secret: str) -> None:
    """Whatever a customer writes, the customer's identifier and long numbers are gone."""
    left = redacted(f"{text} {secret.upper()} x {secret}{text}", (f"account:{secret}",))
    assert secret not in left.lower()
    assert not re.search(r"[0-9]{5}", left)


def test_words_are_chosen_by_what_they_are_about() -> None:
    """Words of those who met the most frequent friction come first, each about another one, none twice."""
    good = (
        "This went wrong in so many ways that I really do not know where to begin with telling you about it."
    )
    said = [
        Said("a", 1, "email", "crm", (), good, ["rare"]),
        Said("b", 2, "email", "crm", (), good.upper(), ["often"]),
        Said("c", 3, "email", "crm", (), f"{good} Again.", ["often"]),
        Said("d", 4, "email", "crm", (), "Much too slow for me, sorry.", []),
        Said("e", 5, "email", "crm", (), "It took me an hour of my day.", ["rare", "often"]),
    ]
    affected = {"often": 90, "rare": 2}
    voices = choose(said, affected, {})
    assert [voice.event for voice in voices] == ["c", "a", "d"]
    assert [voice.event for voice in choose(said[::-1], affected, {})] == ["c", "a", "d"]
    assert voices[0].about == "E-mail · crm · Often"
    assert choose([], affected, {}) == ()
