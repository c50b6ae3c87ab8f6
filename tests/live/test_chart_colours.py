"""Colours of rules, channels, grades and outcomes in charts."""

from collections import defaultdict

from tests.live import rows as make
from tests.live.boards import NOW, RULES, Text, panel, seen
from touchline.live.customers import history
from touchline.panels.colours import colour_of
from touchline.store import Store
from touchline.vocabulary.durations import DAY, HOUR, MINUTE
from touchline.vocabulary.normaliser import PLAIN


def test_grades_are_in_order_and_coloured_by_worth(store: Store) -> None:
    """The series of a chart of grades run from A to F, each in the colour of its worth."""
    grades = "FBADC"
    rows = [
        make.journey(f"account:{grade}", NOW - HOUR, NOW - n * MINUTE, grade=grade)
        for n, grade in enumerate(grades)
    ]
    make.put(store, "journeys", rows, "j")
    found = seen(store, dashboard="journeys", only=["grades_over_time"])
    colours = {entry.name: entry.colour for entry in panel(found, "grades_over_time").legend}
    assert list(colours) == sorted(grades)
    assert len(set(colours.values())) == len(grades)
    make.put(store, "journeys", [make.journey("account:old", NOW - 10 * DAY, NOW - 9 * DAY, grade="F")], "k")
    later = seen(store, "30d", dashboard="journeys", only=["grades_over_time"])
    assert {entry.name: entry.colour for entry in panel(later, "grades_over_time").legend} == colours


def test_a_rule_keeps_its_colour(store: Store) -> None:
    """A rule has one colour, whatever the period and the filters, and no other rule has it."""
    texts = {f"rule{n}": Text(f"rule{n}", f"Rule {n}", "") for n in range(40)}
    rows = [
        make.friction(f"account:{n}-{again}", f"rule{n}", NOW - (1 if n % 2 else 100) * HOUR)
        for n in range(9)
        for again in range(20 - n)
    ]
    rows.append(make.friction("account:x", "unlisted", NOW - HOUR))
    make.put(store, "frictions", rows, "f")
    make.put(store, "journeys", [make.journey("account:a", NOW - DAY, NOW)], "j")
    colours: dict[str, set[str]] = defaultdict(set)
    for span in ("24h", "7d", "30d"):
        for chosen in ("", "rule3", "unlisted"):
            found = seen(store, span, only=["rules_over_time"], rules=texts, rule=chosen)
            drawn = found.charts["rules_over_time"]
            for series in drawn["series"]:
                colours[series["name"]].add(series["itemStyle"]["color"])
    assert {"Rule 0", "Rule 3", "Unlisted", "All others"} <= colours.keys()
    assert {len(used) for used in colours.values()} == {1}
    assert len({colour for used in colours.values() for colour in used}) == len(colours)


def test_each_known_rule_has_a_colour_of_its_own() -> None:
    """No two of many rules that the page knows share a colour."""
    names = [f"rule{n}" for n in range(100)]
    assert len({colour_of(name, names) for name in names}) == len(names)


def test_channels_and_outcomes_keep_their_colours(store: Store) -> None:
    """A channel has one colour in every chart and in a customer's story; outcomes are coloured by worth."""
    make.known(store, account_a="account:a")
    outcomes = ("abandoned", "converted", "open", "resolved")
    rows = [make.journey(f"account:{n}", NOW - HOUR, NOW, outcome=name) for n, name in enumerate(outcomes)]
    make.put(store, "journeys", [*rows, make.journey("account:a", NOW - 2 * HOUR, NOW)], "j")
    contacts = [
        make.event(
            ["account:a"], f"{channel}{hours}", NOW - hours * HOUR, "contact.started", contact_id=channel
        )
        | {"channel": channel}
        for channel, hours in (("phone", 1), ("chat", 1), ("email", 30))
    ]
    make.put(store, "events", contacts, "e")
    colours: dict[str, set[str]] = defaultdict(set)
    for span in ("24h", "7d"):
        for entry in panel(
            seen(store, span, "contacts", ["contacts_over_time"]), "contacts_over_time"
        ).legend:
            colours[entry.name].add(entry.colour)
    [journey, *_] = history.load(store, "account:a", PLAIN, RULES).journeys
    for channel, colour in zip(journey.names, journey.colours, strict=True):
        colours[channel].add(colour)
    assert colours.keys() == {"Phone", "Chat", "E-mail"}
    assert len({colour for used in colours.values() for colour in used}) == 3
    legend = panel(seen(store, dashboard="journeys", only=["outcomes"]), "outcomes").legend
    assert {entry.name: entry.colour for entry in legend} == {
        name.capitalize(): colour_of(name) for name in outcomes
    }
    assert colour_of("F") == colour_of("abandoned") == colour_of("critical")
