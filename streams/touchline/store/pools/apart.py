"""Calls in threads of their own: the caller can stop waiting for a call that does not end."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")

THREAD = "touchline-query"
"""The name of these threads. One that is alive when the process ends runs a call that nobody waits for."""


def run_apart(call: Callable[[], T]) -> Future[T]:
    """Start a call in a daemon thread; the future gets its result or its exception."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            result = call()
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(result)

    threading.Thread(target=run, name=THREAD, daemon=True).start()
    return future
