"""Celery: a task gets the customer and the context of the request or the task that sent it.

```python
from touchline.sdk.integrations.celery import install

install()
```
"""

from typing import Any

from touchline.sdk.binding import BOUND, Binding, Bound

HEADER = "touchline"
"""The header of a task's message that carries what was bound where the task was sent."""

_bindings: dict[str, Binding] = {}


def install() -> None:
    """Connect to Celery's signals. Call it where the Celery application is made, in senders and workers."""
    from celery import signals

    signals.before_task_publish.connect(_sent, weak=False, dispatch_uid="touchline")
    signals.task_prerun.connect(_begun, weak=False, dispatch_uid="touchline")
    signals.task_postrun.connect(_ended, weak=False, dispatch_uid="touchline")


def _sent(headers: dict[str, Any], **_: Any) -> None:
    bound = BOUND.get()
    if bound is not None:
        headers[HEADER] = {"identifiers": dict(bound.identifiers), "context": dict(bound.context)}


def _begun(task_id: str, task: Any, **_: Any) -> None:
    carried = task.request.get(HEADER) or {}
    context = {**carried.get("context", {}), "task": task.name, "task_id": task_id}
    _bindings[task_id] = Binding(Bound(carried.get("identifiers", {}), context))


def _ended(task_id: str, **_: Any) -> None:
    binding = _bindings.pop(task_id, None)
    if binding is not None:
        binding.reset()
