"""Warnings on a usable tracking plan: what is probably a mistake, or missing."""

from collections.abc import Iterator

from touchline.documents import Fault, suggestion
from touchline.tracking.plan_file import PlanFile
from touchline.vocabulary.registry import EVENT_TYPES

_ALIKE = 0.85


def warnings(plan: PlanFile) -> list[Fault]:
    """The warnings, in the order of the file."""
    return list(_warnings(plan))


def _warnings(plan: PlanFile) -> Iterator[Fault]:
    for name, about in plan.plan.types.items():
        path = ("types", name)
        near = suggestion(name, EVENT_TYPES, cutoff=_ALIKE)
        if near:
            message = f"{name}: the vocabulary has a similar type{near}; use it if it fits"
            yield plan.document.fault(path, message, key=True)
        if not about.owner:
            yield plan.document.fault(path, f"{name}: has no 'owner': write who answers for it", key=True)
        for field, declared in about.fields.items():
            if not declared.description:
                message = f"{name}: fields.{field}: has no 'description': write what producers put there"
                yield plan.document.fault((*path, "fields", field), message, key=True)
    for name, tightening in plan.plan.tighten.items():
        if not (tightening.required or tightening.fields or tightening.channels):
            message = f"{name}: nothing is stricter: write required, fields or channels"
            yield plan.document.fault(("tighten", name), message, key=True)
