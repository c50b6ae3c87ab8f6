"""Writes documents to the store: bounded in size, number and rate, one at a time, each with its author."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol
from uuid import uuid4

from touchline.live.desk.documents import Kind, NotWritten
from touchline.live.queries import Store, run

WRITES = 30
WRITES_PER_SECOND = 0.5
"""How many documents may be written: at once, and then per second, by all pages together."""

WRITE_SECONDS = 10.0
"""How long a page waits until its document is written."""

CHECK_SECONDS = 60.0
"""How long the answer to whether the store may be written is kept."""

READ_ONLY = (
    "This page is read-only: its user of the store may not write. To change that, give it the role "
    "touchline_page (`touchline migrate --roles` creates it), or use the user writer of `touchline store`"
)

_log = logging.getLogger(__name__)


class DeskStore(Store, Protocol):
    """What the desk needs from a store besides queries."""

    def insert(self, table: str, rows: dict[str, list[Any]], token: str) -> None:
        """Insert rows, given by column; times are in ms. A repeated `token` inserts nothing."""

    def refusal(self, table: str) -> str:
        """Why the store's user may not insert into a table; empty if it may."""


class Desk:
    """The documents of all pages of a process. Used on one event loop; it queries and writes in a thread.

    Args:
        store: Holds the documents.
        now: Returns the time in ms since 1970.
        clock: Returns monotonic seconds.
    """

    def __init__(
        self,
        store: DeskStore,
        now: Callable[[], int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._now, self._clock = store, now, clock
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="touchline-desk")
        self._left, self._at = float(WRITES), clock()
        self._read_only: dict[str, tuple[str, float]] = {}

    def read_only(self, kind: Kind) -> str:
        """Why nothing can be written, for the reader of a page; empty if it can. Call it from a thread.

        Raises what the store raises.
        """
        why, checked_at = self._read_only.get(kind.table, ("", -CHECK_SECONDS))
        if self._clock() - checked_at >= CHECK_SECONDS:
            # A role that was created before a table may write the others alone.
            why = READ_ONLY if self._store.refusal(kind.table) else ""
            self._read_only[kind.table] = why, self._clock()
        return why

    async def put(
        self, kind: Kind, id_: str, fields: Mapping[str, Any], author: str, *, existing: bool = False
    ) -> str:
        """Write a document: a new one, or the next version of one. Returns its id.

        Args:
            kind: Its kind.
            id_: Its id; empty for a new document with an id of its own.
            fields: The columns of its own; times in ms.
            author: Who writes it.
            existing: Whether it must exist already.

        Raises:
            NotWritten: the store takes nothing, there are too many documents or writes, or it was deleted.
        """
        return await self.write(lambda: self._put(kind, id_, fields, author, existing))

    async def remove(self, kind: Kind, id_: str, author: str) -> None:
        """Delete a document; the row that says so has its author.

        Raises:
            NotWritten: there is no such document, or as `put`.
        """
        await self.write(lambda: self._remove(kind, id_, author))

    async def close(self) -> None:
        """Write what waits, then nothing more."""
        await asyncio.to_thread(self._pool.shutdown)

    async def write(self, write: Callable[[], str]) -> str:
        """Call `write` in the desk's thread, within its limits; return what it returns.

        Raises:
            NotWritten: as `write` raises it, or there are too many writes, or it failed or took too long.
        """
        now = self._clock()
        self._left = min(WRITES, self._left + (now - self._at) * WRITES_PER_SECOND)
        self._at = now
        if self._left < 1:
            raise NotWritten("Not saved: too many changes at once. Wait a few seconds, and save again")
        self._left -= 1
        writing = asyncio.get_running_loop().run_in_executor(self._pool, write)
        writing.add_done_callback(lambda done: done.cancelled() or done.exception())
        done, _ = await asyncio.wait([writing], timeout=WRITE_SECONDS)
        if not done:
            raise NotWritten("Not saved yet: the store does not answer. Look again in a minute")
        try:
            return writing.result()
        except NotWritten:
            raise
        except Exception as error:
            _log.warning("a document was not written: %s", error)
            raise NotWritten("Not saved: the store cannot be written. Try again in a minute") from error

    def _put(self, kind: Kind, id_: str, fields: Mapping[str, Any], author: str, existing: bool) -> str:
        version, exists = self._current(kind, id_) if id_ else (0, False)
        if existing and not exists:
            raise NotWritten(f"Not saved: somebody deleted this {kind.noun}")
        if not exists:
            [row] = run(self._store, f"SELECT count() AS documents FROM {kind.table} FINAL WHERE NOT deleted")  # noqa: S608
            if row["documents"] >= kind.most:
                raise NotWritten(
                    f"Not saved: there are {kind.most:,} {kind.noun}s already. Delete some first"
                )
        id_ = id_ or str(uuid4())
        self._insert(kind, id_, {**fields, "deleted": 0}, author, version)
        return id_

    def _remove(self, kind: Kind, id_: str, author: str) -> str:
        version, exists = self._current(kind, id_)
        if not exists:
            raise NotWritten(f"This {kind.noun} is deleted already")
        self._insert(kind, id_, {"deleted": 1}, author, version)
        return id_

    def _current(self, kind: Kind, id_: str) -> tuple[int, bool]:
        """The last version of a document, 0 if there is none, and whether the document exists."""
        rows = run(
            self._store,
            f"SELECT max(version) AS newest, argMax(deleted, version) AS gone FROM {kind.table} "  # noqa: S608
            "WHERE id = {id:String} HAVING count() > 0",
            id=id_,
        )
        return (int(rows[0]["newest"]), not rows[0]["gone"]) if rows else (0, False)

    def _insert(self, kind: Kind, id_: str, fields: Mapping[str, Any], author: str, last: int) -> None:
        if why := self.read_only(kind):
            raise NotWritten(why)
        now = self._now()
        version = max(now, last + 1)
        row = {"id": id_, **fields, "author": author, "written_at": now, "version": version}
        token = f"{kind.table}:{id_}:{version}"
        self._store.insert(kind.table, {name: [value] for name, value in row.items()}, token)
