"""Walking through steps: the search for a contact option, limits, and events, with a site in memory."""

from collections.abc import Sequence
from datetime import date
from itertools import pairwise

import orjson
import pytest

from touchline.documents import Secret
from touchline.vocabulary.envelope import Envelope
from touchline.walks import Link, Outcome, Page, PageFailed, Walk, native, parse_walks, walked
from touchline.walks.contact import is_contact

TODAY = date(2026, 11, 20)
SITE = "https://shop.example"


class MemorySite:
    """A site of links in memory, and a clock: each page takes a second to load, /slow a minute."""

    def __init__(self, pages: dict[str, list[Link]]) -> None:
        self.pages, self.now, self.opened = pages, 0.0, list[str]()

    def clock(self) -> float:
        return self.now

    def load(self, address: str, seconds: float) -> Page:
        self.opened.append(address.removeprefix(SITE))
        took = 60.0 if address.endswith("/slow") else 1.0
        self.now += min(took, seconds)
        if took > seconds:
            raise PageFailed("the page did not load in time")
        return self.page()

    def page(self) -> Page:
        address = self.opened[-1]
        return Page(
            SITE + address if address.startswith("/") else address, 200 if address in self.pages else 404
        )

    def links(self) -> Sequence[Link]:
        return self.pages.get(self.opened[-1], [])

    def fill(self, selector: str, value: str) -> None:
        raise PageFailed(f"the field '{selector}' is not on the page")

    def press(self, selector: str, seconds: float) -> None:
        raise PageFailed(f"the button '{selector}' is not on the page")

    def shows(self, text: str, seconds: float) -> bool:
        self.now += seconds
        return False


def _links(*addresses: str) -> list[Link]:
    return [Link("Somewhere", SITE + one if one.startswith("/") else one) for one in addresses]


def _walk(*steps: str, limit: str = "5m") -> Walk:
    text = "".join(f"      - {{name: step {number}, {step}}}\n" for number, step in enumerate(steps))
    [walk] = parse_walks(f"walks:\n  - name: shop\n    site: {SITE}\n    limit: {limit}\n    steps:\n{text}")
    return walk


def _plain(given: Secret) -> str:
    assert given.text is not None
    return given.text.get_secret_value()


def _outcomes(walk: Walk, site: MemorySite, today: date = TODAY) -> list[Outcome]:
    return list(walked(walk, site, site.clock, today, _plain))


CHAIN = {
    "/": _links("/a", "/b"),
    "/a": _links("/", "/a#top"),
    "/b": _links("/c"),
    "/c": _links("mailto:we@shop.example"),
}


@pytest.mark.parametrize(
    ("clicks", "passed", "opened"), [(1, False, 1), (2, False, 3), (3, True, 4), (5, True, 4)]
)
def test_a_contact_option_is_as_far_as_its_clicks(clicks: int, passed: bool, opened: int) -> None:
    """The click on the option itself counts, each page is opened once, nearer pages first."""
    site = MemorySite(CHAIN)
    [outcome] = _outcomes(_walk(f"contact_within: {clicks}"), site)
    assert (outcome.passed, site.opened) == (passed, ["/", "/a", "/b", "/c"][:opened])
    assert passed or f"within {clicks} click" in outcome.why


def test_the_search_has_bounds_and_stays_on_the_site() -> None:
    """Other hosts, files and pages beyond the limits are not opened; what was not opened is said."""
    pages = {
        "/": _links(
            "https://else.example/contact-us.pdf", "/price.pdf", "/slow", *(f"/{n}" for n in range(99))
        )
    }
    site = MemorySite(pages)
    words = "words: [reach us], clicks: 2"
    [outcome] = _outcomes(_walk(f"contact_within: {{{words}, pages: 4}}"), site)
    assert site.opened == ["/", "/slow", "/0", "/1"]
    assert "4 pages" in outcome.why
    assert "not opened" in outcome.why
    site = MemorySite(pages)
    [outcome] = _outcomes(_walk(f"contact_within: {{{words}, pages: 200, within: 40s}}"), site)
    assert (len(site.opened), outcome.passed) == (11, False)
    assert site.now == 40


def test_words_begin_words() -> None:
    """A word counts at the beginning of a word of the text or the path; `tel:` is a scheme."""
    words = ["contact", "tel:"]
    assert is_contact(Link("CONTACT us", ""), words)
    assert is_contact(Link("", f"{SITE}/help/our_contacts"), words)
    assert is_contact(Link("", "tel:+4930123400"), words)
    assert not is_contact(Link("Subcontactor", f"{SITE}/?contact"), words)
    assert not is_contact(Link("Hotel: rooms", "https://contact.example:99999999/hotel"), words)


def test_a_walk_ends_at_its_limit_and_says_what_it_did_not_reach() -> None:
    """Every step has an outcome; a step after the limit failed without being walked."""
    steps = [
        "open: {page: /slow, within: 20s}",
        "open: /",
        "phone_menu: {levels: 2, at_most: 2, stated: 2026-11-01}",
    ]
    site = MemorySite({"/": []})
    slow, not_reached, stated = _outcomes(_walk(*steps, limit="10s"), site)
    assert slow.why == "the page did not load in time"
    assert (not_reached.seconds, not_reached.why) == (None, "not reached: the walk may take 10s")
    assert (stated.passed, site.opened) == (True, ["/slow"])


@pytest.mark.parametrize(
    ("step", "why"),
    [
        ("open: /gone", "answers 404: expected 200"),
        ("open: {page: /, expect: Welcome}", "does not show 'Welcome'"),
        ("open: {page: /gone, status: 404}", ""),
        ("form: {page: /gone, submit: b, expect: c}", "answers 404"),
        ("form: {page: /, submit: b, expect: c}", "the button 'b' is not on the page"),
        (
            "form: {page: /, submit: b, expect: c, fields: {d: hidden-value}}",
            "the field 'd' is not on the page",
        ),
        ("phone_menu: {levels: 3, at_most: 2, stated: 2026-11-01}", "has 3 levels: at most 2"),
        ("phone_menu: {levels: 1, at_most: 2, stated: 2026-08-21}", "state it again"),
        ("phone_menu: {levels: 1, at_most: 2, stated: 2026-08-22}", ""),
    ],
)
def test_a_failed_step_says_why(step: str, why: str) -> None:
    """What a page or a statement lacks is said; values of fields are not."""
    [outcome] = _outcomes(_walk(step), MemorySite({"/": []}))
    assert (outcome.passed, why in outcome.why, "hidden-value" in outcome.why) == (not why, True, False)


def test_events_are_valid_and_have_ids_of_walk_time_and_step() -> None:
    """The same walk and time give the same events; another time or step gives other ids."""
    walk = _walk("open: /", "open: /gone", "phone_menu: {levels: 1, at_most: 2, stated: 2026-11-01}")
    outcomes = _outcomes(walk, MemorySite({"/": []}))
    sent = [native(walk, outcome, number, 1_790_000_000_000) for number, outcome in enumerate(outcomes)]
    assert sent == [
        native(walk, outcome, number, 1_790_000_000_000) for number, outcome in enumerate(outcomes)
    ]
    later = [native(walk, outcome, number, 1_790_000_000_001) for number, outcome in enumerate(outcomes)]
    ids = [orjson.loads(one)["id"] for one in (*sent, *later)]
    assert len(set(ids)) == 6
    events = [Envelope.model_validate_json(one) for one in sent]
    assert [event.type for event in events] == ["audit.step_passed", "audit.step_failed", "audit.step_passed"]
    assert all(before.time <= after.time for before, after in pairwise(events))
    assert events[2].data["step"] == "step 2 (stated 2026-11-01, not measured)"
    assert "seconds" not in events[2].data
