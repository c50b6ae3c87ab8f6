"""The audit, compared with plain counts over the rows that the store holds."""

from collections import defaultdict
from collections.abc import Callable

import msgspec

from tests.live import rows
from tests.reports.shop import BEGAN, END, NEWEST, RULES, Shop
from touchline.config.rule_packs import load_rules
from touchline.measures import Ask
from touchline.reports.audit.audit import Audit, Cost, Hit, Weakness, ranked
from touchline.reports.audit.caveats import read_caveats
from touchline.reports.audit.writing import audit_report
from touchline.reports.renderers.markdown import markdown
from touchline.services.reporting.auditing import Audited, changes_since
from touchline.vocabulary.durations import DAY, WEEK

PLACES = {"dead_clicks": ("web", "shop"), "queue_abandoned": ("phone", "shop")}


def test_counts_are_those_of_the_rows(audit: Audit, shop: Shop) -> None:
    """Customers, frictions and strike points of each touchpoint are the counts of plain loops."""
    met = [one for one in shop.rows["frictions"] if BEGAN <= one["opened_at"] < END]
    assert audit.frictions == len(met)
    assert audit.affected == len({one["customer"] for one in met})
    for weak in audit.weak:
        here = [one for one in met if (one["channel"], one["source"]) == (weak.channel, weak.source)]
        assert (weak.frictions, weak.strikes) == (len(here), sum(one["weight"] for one in here))
        assert weak.affected == len({one["customer"] for one in here})
        active = {
            one["entity"]
            for one in shop.rows["events"]
            if (one["channel"], one["source"]) == (weak.channel, weak.source) and BEGAN <= one["time"] < END
        }
        assert weak.customers == len(active)
    assert {(one.channel, one.source) for one in audit.weak} == set(PLACES.values())
    assert audit.others == 0


def test_walked_audits_are_told_and_count_nowhere(audit: Audit, shop: Shop) -> None:
    """A step has its last result, since when, and its share; neither walks nor staff are customers."""
    form, mail, start = audit.walked
    assert (form.step, form.passed, form.since) == ("form", False, BEGAN + 11 * DAY)
    assert (form.share, form.message) == (11 / 16, "gone")
    # The answer to an e-mail is no part of the last run, and stays.
    assert (mail.step, mail.passed, mail.since) == ("mail", True, BEGAN + 2 * DAY)
    assert (start.step, start.passed, start.since, start.share) == ("start", True, BEGAN, 1)
    active = {one["entity"] for one in shop.rows["events"] if BEGAN <= one["time"] < END}
    assert audit.customers == len(active)
    assert not [caveat for caveat in audit.caveats if "audit" in caveat or "case" in caveat]


def test_the_touchpoint_with_a_clear_loss_comes_first(audit: Audit) -> None:
    """Dead clicks go with a loss, queues with none: the web comes first, although queues weigh more."""
    web, phone = audit.weak
    assert (web.channel, web.worst.rule) == ("web", "dead_clicks")
    assert web.worst.cost is not None
    assert web.worst.cost.is_clear
    assert (web.worst.owner, web.worst.factor) == ("online shop", "technology")
    assert phone.worst.cost is not None
    assert not phone.worst.cost.is_clear
    assert audit.currency == "EUR"
    assert audit.together.is_clear


def test_customers_whom_no_event_names_are_left_out(audit: Audit, shop: Shop) -> None:
    """Whoever is known by a contact alone cannot be seen again: the audit says how many there are."""
    assert [one.next.unnamed for one in audit.weak if one.next] == [0, 0]
    first, *others = audit.weak
    assert first.next is not None
    for customers, said in (
        (5, "Left out: 3 customers whom no event names"),
        (0, "Nobody can say: 3 customers"),
    ):
        following = msgspec.structs.replace(first.next, customers=customers, unnamed=3)
        weak = (msgspec.structs.replace(first, next=following), *others)
        assert said in markdown(audit_report(msgspec.structs.replace(audit, weak=weak)))


def test_what_customers_did_next_is_counted_once(audit: Audit, shop: Shop) -> None:
    """Each customer whose week is over counts in the first that applies: order, contact, or not seen."""
    events = defaultdict(list)
    for event in shop.rows["events"]:
        events[event["entity"]].append(event)
    names = {rows.of(who): who for who in events}
    web = audit.weak[0].next
    assert web is not None
    counts: dict[str, int] = defaultdict(int)
    for friction in shop.rows["frictions"]:
        if friction["rule"] != "dead_clicks" or friction["opened_at"] >= END:
            continue
        at = friction["opened_at"]
        if at + WEEK > NEWEST:
            counts["early"] += 1
            continue
        later = [one["type"] for one in events[names[friction["customer"]]] if at < one["time"] <= at + WEEK]
        later = [one for one in later if one != "feedback.answered"]
        kind = "contacted" if "contact.started" in later else "returned" if later else "unseen"
        counts["ordered" if "order.placed" in later else kind] += 1
    assert web.left is None
    assert (web.ordered, web.contacted, web.returned, web.unseen, web.early) == (
        counts["ordered"],
        counts["contacted"],
        counts["returned"],
        counts["unseen"],
        counts["early"],
    )
    assert web.customers == sum(counts.values()) - counts["early"]


def test_journeys_show_the_worst_friction(audit: Audit, shop: Shop) -> None:
    """Three journeys of different customers met the touchpoint's worst friction."""
    for weak in audit.weak:
        affected = {str(one["customer"]) for one in shop.rows["frictions"] if one["rule"] == weak.worst.rule}
        customers = [case.customer for case in weak.cases]
        assert len(set(customers)) == 3
        assert set(customers) <= affected
        assert all(weak.worst.title in case.rules for case in weak.cases)


def test_the_planted_cause_is_named(audit: Audit) -> None:
    """Who is hit by dead clicks pays by wallet: that comes first."""
    assert audit.weak[0].distinguishes[0].endswith(" customers.")
    assert "with method wallet: " in audit.weak[0].distinguishes[0]


def test_the_same_store_gives_the_same_audit(audit: Audit, audited: Callable[..., Audit]) -> None:
    """Two audits of one store are equal, with every figure drawn by chance."""
    assert msgspec.json.encode(audited()) == msgspec.json.encode(audit)


def test_what_changed_since_an_audit_is_told_from_chance(audited: Callable[..., Audit]) -> None:
    """Since the audit a week ago, dead clicks rose; queues, which did not change, are not named."""
    last = audited(BEGAN, END - WEEK)
    changes = audited(BEGAN, END, last).changes
    assert changes is not None
    assert changes.until == END - WEEK
    assert [(one.title, one.is_better) for one in changes.moved] == [("Dead clicks", False)]
    assert changes.rank("web", "shop") in (1, 2)
    assert changes.rank("kiosk", "shop") is None


def test_an_audit_of_a_day_ago_has_nothing_to_compare(ask: Ask, audit: Audit) -> None:
    """Less than a day, or a time before the data, is said instead of compared."""
    what = Audited(since=BEGAN, until=END, oldest=BEGAN, end=NEWEST, zone="UTC", rules=load_rules())
    just_now = changes_since(ask, what, msgspec.structs.replace(audit, until=END - 1))
    assert "less than a day" in just_now.missing
    long_ago = changes_since(ask, what, msgspec.structs.replace(audit, until=BEGAN + DAY))
    assert "do not reach" in long_ago.missing


def test_a_rule_of_rules_is_never_the_worst() -> None:
    """A rule that sums up others comes last, however much it costs."""
    loss = Cost(verdict="loss", value=900.0, low=800.0, high=1_000.0, at_risk=2_000.0)
    hit = Hit(
        rule="dead_clicks", title="", factor="", owner="", frictions=1, unresolved=0, customers=1, strikes=5
    )
    sums = msgspec.structs.replace(hit, rule="strike_out", sums_up=True, cost=loss, strikes=500)
    weak = Weakness(
        channel="web", source="", customers=9, affected=1, frictions=2, strikes=5, hits=(sums, hit)
    )
    phone = msgspec.structs.replace(weak, channel="phone", hits=(msgspec.structs.replace(hit, cost=loss),))
    doubtful = msgspec.structs.replace(loss, value=9_000.0, doubtful=True)
    store = msgspec.structs.replace(
        weak, channel="store", hits=(msgspec.structs.replace(hit, cost=doubtful),), strikes=6
    )
    assert [one.channel for one in ranked([weak, store, phone])] == ["phone", "store", "web"]
    assert ranked([weak])[0].worst.rule == "dead_clicks"


def test_caveats_say_what_the_data_lack(ask: Ask) -> None:
    """Days without data, refused events, silent producers and rules that look back too far are said."""
    caveats = " ".join(read_caveats(ask, BEGAN - 2 * DAY, END, "UTC", {"dead_clicks": 9 * DAY}, {}))
    assert "28 of 30 days have events; the data begin on 2026-11-02" in caveats
    assert "% of incoming events were refused" in caveats
    assert "No longer sending: till (last on 2026-11-15)" in caveats
    assert "Looking back further than the data" in caveats
    assert "“Dead clicks”" in caveats
    quiet = " ".join(read_caveats(ask, BEGAN, BEGAN + WEEK, "UTC", {}, {}))
    assert quiet == ""
    late = " ".join(read_caveats(ask, END - WEEK, END + 9 * DAY, "UTC", {}, {}))
    assert "The newest event is of 2026-11-30 06:00 UTC" in late


def test_a_store_without_friction_has_an_audit(audited: Callable[..., Audit]) -> None:
    """A span without friction says so, and lists nothing."""
    empty = audited(BEGAN - 2 * WEEK, BEGAN - WEEK)
    assert (empty.frictions, empty.weak) == (0, ())
    assert "No customer met friction" in audit_report(empty).lead[0].text


def test_the_weights_are_those_of_the_pack() -> None:
    """The shop's frictions weigh what the default pack says, so that the figures are plausible."""
    assert {rule.id: rule.weight for rule in load_rules().rules if rule.id in RULES} == RULES
