"""The history of a customer over the real store, with rows inserted by the tests."""

from dataclasses import dataclass
from uuid import UUID

from tests.live import rows as make
from touchline.live.customers import history
from touchline.live.customers.history import Detail, EventRow, FrictionRow
from touchline.live.customers.search import candidates
from touchline.store import Store
from touchline.vocabulary.durations import DAY, HOUR, MINUTE
from touchline.vocabulary.normaliser import PLAIN, Normaliser

NOW = 1_800_000_000_000


@dataclass(frozen=True)
class Text:
    """The texts of a rule."""

    id: str
    title: str
    why: str


RULES = {"queue": Text("queue", "Abandoned in queue", "They call again.")}


def insert_customer(store: Store) -> None:
    """A customer with two journeys, three equal events, a friction, and a friction of that friction."""
    who, names = "account:a", ["account:a", "email:a@mail.example"]
    make.known(store, **{"account_a": who, "email_a@mail.example": who})
    views = [
        make.event(names[1:], f"v{n}", NOW - 2 * HOUR + n * MINUTE, "page.viewed", path="/x")
        for n in range(3)
    ]
    call = NOW - HOUR
    make.put(
        store,
        "events",
        [
            make.event(names, "old", NOW - 40 * DAY, "page.viewed"),
            *views,
            make.event(names, "q", call, "contact.queued", queue="tier 1"),
            make.event(names, "x", call + MINUTE, "contact.abandoned", wait_seconds=60),
        ],
        "e",
    )
    make.put(
        store,
        "events",
        [make.event(names, "x", call + MINUTE, "contact.abandoned", wait_seconds=60)],
        "again",
    )
    first = make.friction(
        who, "queue", call + MINUTE, evidence=["q", "x"], status="resolved", resolved_at=NOW
    )
    second = make.friction(who, "strikes", call + MINUTE, evidence=[str(first["id"]), "gone"], weight=30)
    make.put(store, "frictions", [second, first], "f")
    make.put(
        store,
        "journeys",
        [
            make.journey(who, NOW - 40 * DAY, NOW - 40 * DAY),
            make.journey(who, NOW - 2 * HOUR, call + MINUTE, strikes=40, score=60, grade="C"),
        ],
        "j",
    )


def test_a_history_has_events_frictions_and_their_evidence(store: Store) -> None:
    """Journeys are newest first; equal events in a row are one row, and evidence is marked."""
    insert_customer(store)
    found = history.load(store, "account:a", PLAIN, RULES)
    assert found.identifiers == ["account a", "email a@mail.example"]
    assert (found.events, found.hidden_events) == (6, 0)
    newest, oldest = found.journeys
    assert (newest.score, newest.grade, newest.channels) == (60, "C", ["web", "phone"])
    assert [row.title for row in oldest.rows] == ["Page viewed"]
    views, queued, abandoned, first, second = newest.rows
    assert isinstance(views, EventRow)
    assert (views.count, views.details, views.evidence_for) == (3, [Detail("path", "/x")], [])
    assert isinstance(queued, EventRow)
    assert isinstance(abandoned, EventRow)
    assert (queued.evidence_for, abandoned.evidence_for, abandoned.details) == (
        [1],
        [1],
        [Detail("wait seconds", "60")],
    )
    assert isinstance(first, FrictionRow)
    assert isinstance(second, FrictionRow)
    assert (first.title, first.why, first.open, first.evidence_for) == (
        "Abandoned in queue",
        "They call again.",
        False,
        [2],
    )
    assert (second.title, second.open, second.evidence, second.not_shown) == ("Strikes", True, 2, 1)


def test_a_customer_is_found_by_identifier_or_id(store: Store) -> None:
    """An identifier with or without its kind finds the customer, and so does the customer's id."""
    insert_customer(store)
    for text in ("account:a", "a", " a@MAIL.example ", "email:a@mail.example", str(make.of("account:a"))):
        matches = history.load(store, text, PLAIN, RULES).matches
        assert [match.name for match in matches] == ["account a"], text


def test_the_id_of_a_journey_finds_its_customer(store: Store) -> None:
    """A link of an alert names a journey: it shows the customer, or nobody if they were forgotten."""
    make.known(store, account_a="account:a")
    journey = make.journey("account:a", NOW - HOUR, NOW)
    make.put(store, "journeys", [journey], "j")
    found = history.load(store, str(journey["id"]), PLAIN, {})
    assert [match.name for match in found.matches] == ["account a"]
    gone = make.journey("account:gone", NOW - HOUR, NOW)
    assert history.load(store, str(gone["id"]), PLAIN, {}).matches == []


def test_an_identifier_that_is_never_the_strongest_is_found_in_the_events(store: Store) -> None:
    """A customer is found by an identifier that only ever came with stronger ones."""
    make.known(store, account_a="account:a")
    make.put(store, "events", [make.event(["account:a", "phone:+31201234567"], "e", NOW, "page.viewed")], "e")
    found = history.load(store, "+31 20 123 4567", PLAIN, RULES)
    assert [match.name for match in found.matches] == ["account a"]


def test_an_ambiguous_search_lists_the_customers(store: Store) -> None:
    """A text that is an identifier of two customers finds both, and shows no history."""
    make.known(store, account_77="account:77", loyalty_77="loyalty:77")
    found = history.load(store, "77", PLAIN, RULES)
    assert {match.name for match in found.matches} == {"account 77", "loyalty 77"}
    assert not found.journeys


def test_an_unknown_text_finds_nobody(store: Store) -> None:
    """An unknown, empty or hostile text finds no customer and raises nothing."""
    insert_customer(store)
    for text in ("nobody", "", "null", str(UUID(int=7)), "a' OR 1=1 --", "{x:String}", "é" * 9_999):
        found = history.load(store, text, PLAIN, RULES)
        assert not found.matches, text
        assert len(found.search) <= 120


def test_large_data_are_clipped(store: Store) -> None:
    """Only a few fields are shown, clipped; data that is too large shows its size."""
    make.known(store, account_a="account:a")
    many = {f"field{n}": "y" * 300 for n in range(9)} | {"field1": "z" * 81}
    make.put(
        store,
        "events",
        [
            make.event(["account:a"], "1", NOW - 2, "a.b", **many),
            make.event(["account:a"], "2", NOW - 1, "a.c", big="x" * 9_000),
        ],
        "e",
    )
    make.put(store, "journeys", [make.journey("account:a", NOW - 2, NOW - 1)], "j")
    first, second = history.load(store, "a", PLAIN, RULES).journeys[0].rows
    assert isinstance(first, EventRow)
    assert isinstance(second, EventRow)
    assert len(first.details) == 7
    assert [detail.full for detail in first.details[:2]] == ["y" * 300, "z" * 81]
    assert all(len(detail.value) <= 80 for detail in first.details)
    assert second.details == [Detail("data", "8 KB, too large to show")]


def test_candidates_are_normalised_by_kind() -> None:
    """A text may be an identifier of any kind; with a kind given, of that kind too."""
    assert "phone:+31201234567" in candidates("020 123 4567", Normaliser("NL"))
    assert "cookie:x" in candidates("cookie:x", PLAIN)
    assert candidates("  ", PLAIN) == []


LIMITS = {"account": 1, "email": 1}


def _together(store: Store, *sets: tuple[str, ...]) -> None:
    rows = [{"identifier": name, "identifiers": named} for named in sets for name in named]
    make.put(store, "occurrences", rows, f"sets-{sets}")


def _decided(store: Store, what: str, at: int) -> None:
    entry = {"id": f"{what}-{at}", "at": at, "who": "operator", "what": what, "identifiers": ["device:x"]}
    make.put(store, "ledger", [{**entry, "hashes": [], "salt": "", "reason": "", "version": at}], what)


def test_a_shared_identifier_says_why(store: Store) -> None:
    """The page of an identifier that links nobody gives the reason: a limit, an operator, or its kind."""
    make.known(store, device_x="device:x", terminal_t="terminal:t", account_a="account:a")
    make.put(store, "events", [make.event(["device:x"], "v", NOW, "page.viewed")], "e")

    def why(who: str) -> str:
        return history.load(store, who, PLAIN, RULES, LIMITS).shared

    assert why("account:a") == why("device:x") == ""
    _together(store, ("email:a@mail.example", "device:x"), ("device:x", "zebra:1"), ("device:x", "zebra:2"))
    assert why("device:x") == ""
    _together(store, ("email:b@mail.example", "device:x"))
    assert why("device:x") == (
        "Shared, so it links no customers: it occurs with 2 identifiers of the kind email, and a customer has"
        " at most 1"
    )
    _decided(store, "share", NOW)
    assert why("device:x") == "Shared, so it links no customers: an operator decided so"
    _decided(store, "unshare", NOW + 1)
    assert "2 identifiers of the kind email" in why("device:x")
    assert why("terminal:t") == "Links no customers: identifiers of the kind terminal never do"
