"""`memory`: bytes per held customer, with the demo's mix of stories."""

import gc
import os
import sys
import tracemalloc
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from enum import Enum
from functools import cache
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

import msgspec
import orjson

from benchmarks.support.report import Report
from benchmarks.support.traffic import SEED, START
from touchline.collector.acceptance import accept_each
from touchline.config.rule_packs import load_rules
from touchline.engine.customers.held import HeldCustomers
from touchline.friction import RuleSet
from touchline.identity import Identities
from touchline.journeys import JOURNEY_GAP
from touchline.simulation import STORYLINES, Story, simulate
from touchline.vocabulary.event import Event
from touchline.vocabulary.order import place

CUSTOMERS = 1_000_000
SAMPLE = 20_000
BATCH = 1_000
"""Customers per flush."""

TARGET = 1_024

Customers = Iterator[tuple[str, list[Event]]]


def measure(customers: int = CUSTOMERS, sample: int = SAMPLE) -> Report:
    """Hold `customers`, measure by how much the process grew, and break down a sample of them by object."""
    rules = load_rules()
    sample = min(sample, customers)
    _fill(_new(rules, BATCH), rules, _customers(BATCH))  # so that one-time allocations are not counted
    gc.collect()
    before = _resident()
    held = _new(rules, customers)
    _fill(held, rules, _customers(customers))
    gc.collect()
    grown = max(_resident() - before, 1)
    figures = {
        "customers": len(held),
        "bytes_per_customer": round(grown / len(held)),
        "megabytes": round(grown / 1e6, 1),
    }
    del held
    # The breakdown comes last: the memory that it frees would be reused, and hide growth.
    figures |= _breakdown(rules, sample)
    notes = [
        "bytes_per_customer is the growth of resident memory, including keys and the table; target "
        f"{TARGET}; below 100,000 customers it is imprecise",
        f"the breakdown covers {sample} customers: bytes per customer by owner → object, rounded up to the "
        "allocator's 16 and including the collector's header; objects that customers share are not counted",
    ]
    return Report(
        "memory", figures, {"target/bytes_per_customer": round(TARGET * customers / grown, 2)}, notes
    )


def _new(rules: RuleSet, most: int) -> HeldCustomers:
    return HeldCustomers(rules, JOURNEY_GAP, most=most)


def _nothing_stored(names: Collection[str], later_than: int | None) -> Iterable[tuple[str, Event]]:
    return ()


def _fill(held: HeldCustomers, rules: RuleSet, customers: Customers) -> None:
    batch: dict[str, list[Event]] = {}
    for name, events in customers:
        batch[name] = events
        if len(batch) == BATCH:
            _flush(held, rules, batch)
            batch = {}
    _flush(held, rules, batch)


def _flush(held: HeldCustomers, rules: RuleSet, batch: dict[str, list[Event]]) -> None:
    now = max((events[-1].time for events in batch.values()), default=0)
    found = held.advance(batch.keys(), batch, (), now, _nothing_stored).customers
    for customer in found.values():
        customer.wrote(customer.folded(rules, now))
    held.hold(found)


def _customers(wanted: int) -> Customers:
    """`wanted` customers of the demo's mix: its stories, repeated with other names.

    Every string is a new object, as when events are read from the log.
    """
    templates = _templates()
    decode = msgspec.json.Decoder(Event).decode_lines
    created = number = 0
    while True:
        for key, phone, customers in templates:
            number += 1
            new_key, new_phone = f"{number:010x}", f"{number:010d}"
            for name, lines in customers:
                if created == wanted:
                    return
                created += 1
                fresh = lines.replace(key, new_key.encode()).replace(phone, new_phone.encode())
                yield (
                    name.replace(key, new_key.encode()).replace(phone, new_phone.encode()).decode(),
                    decode(fresh),
                )


@cache
def _templates() -> list[tuple[bytes, bytes, list[tuple[bytes, bytes]]]]:
    """The demo's mix, each storyline by its share: key, phone, and JSON lines by customer."""
    templates = []
    for storyline, share in STORYLINES.items():
        for number in range(share):
            story = simulate(storyline, f"{SEED}:{storyline.__name__}:{number}", START)
            events = _accepted(story)
            identities = Identities()
            identities.observe([event.identifiers for event, _ in events])
            by_customer: dict[str, list[bytes]] = defaultdict(list)
            for event, line in events:
                by_customer[identities.customer_of(event.entity)].append(line)
            templates.append(
                (
                    story.account["account"].removeprefix("u-").encode(),
                    story.phone["phone"].removeprefix("+4915").encode(),
                    [(name.encode(), b"\n".join(lines)) for name, lines in by_customer.items()],
                )
            )
    return templates


def _accepted(story: Story) -> list[tuple[Event, bytes]]:
    raws = [orjson.dumps(touchpoint.envelope()) for touchpoint in story.touchpoints]
    last = max(touchpoint.due for touchpoint in story.touchpoints)
    lines = accept_each(raws, received_at_ms=last, producer="demo").batch.touchpoints
    decode = msgspec.json.Decoder(Event).decode
    return sorted(((decode(line), line) for line in lines), key=lambda pair: place(pair[0]))


def _breakdown(rules: RuleSet, sample: int) -> dict[str, Any]:
    """Bytes per customer: as the allocator counts them, and by owner and object."""
    held = _new(rules, sample)
    _fill(held, rules, _customers(BATCH))
    held = _new(rules, sample)
    gc.collect()
    tracemalloc.start()
    _fill(held, rules, _customers(sample))
    gc.collect()
    traced, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    owned, count = _owned(held._held)
    return {
        "traced_bytes_per_customer": round(traced / sample),
        **{
            label: {"bytes": round(size / sample, 1), "objects": round(count[label] / sample, 2)}
            for label, size in owned.most_common(24)
        },
    }


def _owned(everyone: Mapping[str, object]) -> tuple[Counter[str], Counter[str]]:
    """Sizes and counts of the objects that one customer alone refers to, by `owner → object`."""
    gc.collect()
    visits: Counter[int] = Counter()
    found: list[tuple[str, object, int]] = []
    for number, (name, customer) in enumerate(everyone.items()):
        own: set[int] = set()
        reach: list[tuple[str, object]] = [("table", name), ("table", customer)]
        while reach:
            owner, thing = reach.pop()
            if id(thing) in own or _is_shared(thing):
                continue
            own.add(id(thing))
            visits[id(thing)] += 1
            found.append((f"{owner} → {type(thing).__name__}", thing, number))
            if visits[id(thing)] == 1:
                reach += ((type(thing).__name__, part) for part in gc.get_referents(thing))
    sizes, counts = Counter[str](), Counter[str]()
    for label, thing, _ in found:
        if visits[id(thing)] == 1:
            sizes[label] += -(-sys.getsizeof(thing) // 16) * 16
            counts[label] += 1
    slot = sys.getsizeof(everyone) * 1.0
    sizes["table → slot"] = round(slot)
    counts["table → slot"] = len(everyone)
    return sizes, counts


_SHARED: tuple[type, ...] = (
    type,
    ModuleType,
    FunctionType,
    BuiltinFunctionType,
    Enum,
    RuleSet,
    type(None),
    bool,
)


def _is_shared(thing: object) -> bool:
    return isinstance(thing, _SHARED) or (type(thing) is int and -5 <= thing <= 256)


def _resident() -> int:
    """Resident memory of this process, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
