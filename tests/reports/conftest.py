"""A store with four weeks of a shop, and reports of it that many tests look at."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.reports.shop import BEGAN, END, NEWEST, Shop
from touchline.config.rule_packs import load_rules
from touchline.config.settings import Settings
from touchline.measures import Ask
from touchline.reports.audit.audit import Audit
from touchline.reports.weekly.digest import Digest
from touchline.reports.weekly.weeks import week_named
from touchline.runtime.alerting.queries import query_of
from touchline.services.reporting.auditing import Audited, make_audit
from touchline.services.reporting.insight import computed_costs, terms_of
from touchline.services.reporting.weekly import COSTS_OVER, Digested, make_digest
from touchline.store import Store, open_store

GOALS = {"detractors_answered": 0.9, "average_wait": 28.0}


@pytest.fixture(scope="session")
def shop() -> Shop:
    """The rows of the shop."""
    return Shop()


@pytest.fixture(scope="session")
def folder(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the shop in its store."""
    folder = tmp_path_factory.mktemp("reports") / "data"
    with open_store(folder / "store") as store:
        shop.put(store)
    return folder


@pytest.fixture(scope="module")
def shop_store(folder: Path) -> Iterator[Store]:
    """The shop's store."""
    with open_store(folder / "store") as store:
        yield store


@pytest.fixture(scope="module")
def ask(shop_store: Store) -> Ask:
    """What queries the shop's store."""
    return query_of(shop_store)


@pytest.fixture(scope="module")
def audited(ask: Ask) -> Callable[..., Audit]:
    """Audit a span of the shop."""

    def _audited(since: int = BEGAN, until: int = END, last: Audit | None = None) -> Audit:
        rules = load_rules()
        what = Audited(since=since, until=until, oldest=BEGAN, end=NEWEST, zone="UTC", rules=rules, last=last)
        return make_audit(ask, what, computed_costs(ask, terms_of(Settings(), since, until), rules))

    return _audited


@pytest.fixture(scope="module")
def audit(audited: Callable[..., Audit]) -> Audit:
    """The audit of all four weeks."""
    return audited()


@pytest.fixture(scope="module")
def digest(ask: Ask) -> Digest:
    """The digest of the last week."""
    return digest_of(ask)


def digest_of(ask: Ask, name: str = "2026-W48") -> Digest:
    """The digest of a week of the shop."""
    week, rules = week_named(name, "UTC"), load_rules()
    costs = computed_costs(ask, terms_of(Settings(), week.until - COSTS_OVER, week.until), rules)
    what = Digested(week=week, oldest=BEGAN, end=NEWEST, zone="UTC", rules=rules, goals=GOALS)
    return make_digest(ask, what, costs)
