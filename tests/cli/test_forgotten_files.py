"""What is left of a forgotten customer in the files of the data folder: nothing."""

import json
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import pyarrow as pa
import pytest

from touchline.identity import customer_id

if TYPE_CHECKING:
    from typer.testing import Result

SECRET = "secret-77"
IDENTIFIERS = {"account": f"u-{SECRET}", "email": f"{SECRET}@x.example", "device": f"d-{SECRET}"}
CODECS = {0x82: "lz4_raw", 0x90: "zstd"}


def event(number: int, identifiers: dict[str, str], **fields: object) -> bytes:
    """An event; of every third, its contact waits and is never answered."""
    given = {
        "id": f"e-{number}",
        "type": "contact.queued" if number % 3 == 0 else "page.viewed",
        "time": f"2026-11-{1 + number % 28:02}T10:00:{number % 60:02}Z",
        "channel": "phone" if number % 3 == 0 else "web",
        "source": "shop",
        "identifiers": identifiers,
        "data": {"contact_id": f"c-{number}"} if number % 3 == 0 else {"page": "/"},
    }
    return json.dumps(given | fields).encode()


def events() -> bytes:
    """Those of the customer who is to be forgotten, among others'."""
    theirs = [event(number, IDENTIFIERS) for number in range(60)]
    others = [event(number, {"account": f"u-{number % 20}"}) for number in range(100, 300)]
    return b"\n".join([*theirs[:30], *others, *theirs[30:]]) + b"\n"


def contents(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Each file of a folder, as it is and, where the engine compressed it, as it was."""
    for path in folder.rglob("*"):
        if path.is_file():
            written = path.read_bytes()
            yield path, written
            yield path, b"".join(blocks(written))


def blocks(written: bytes) -> Iterator[bytes]:
    """The decompressed blocks of a file of the engine; none if it has no such form.

    A block is a checksum of 16 bytes, the method, its size with these 9 bytes, its size decompressed.
    """
    at = 0
    while at + 25 <= len(written):
        method, size, full = struct.unpack_from("<BII", written, at + 16)
        block = written[at + 25 : at + 16 + size]
        if method not in (0x02, *CODECS) or size < 9 or len(block) != size - 9:
            return
        codec = CODECS.get(method)
        yield block if codec is None else pa.decompress(block, full, codec, asbytes=True)
        at += 16 + size


def traces(folder: Path) -> list[str]:
    """The files that hold an identifier, or the customer's id as text or in the engine's form."""
    customer = customer_id(f"account:{IDENTIFIERS['account']}")
    wanted = [SECRET.encode(), str(customer).encode(), engine_form(customer)]
    return sorted(
        {str(path) for path, content in contents(folder) if any(text in content for text in wanted)}
    )


def engine_form(value: UUID) -> bytes:
    """A UUID as the engine stores it: two integers."""
    return struct.pack("<QQ", value.int >> 64, value.int & (1 << 64) - 1)


@pytest.fixture
def data(touchline: "Callable[..., Result]", tmp_path: Path) -> Path:
    """A data folder with events of the customer and of others."""
    (tmp_path / "events.jsonl").write_bytes(events())
    done = touchline("import", "events.jsonl", "--data", "data")
    assert done.exit_code == 0, done.output
    (tmp_path / "events.jsonl").unlink()
    return tmp_path / "data"


def test_a_stored_customer_is_found_in_the_files(data: Path) -> None:
    """The search finds what is stored, so that it would find what is left."""
    assert any("store" in path for path in traces(data))


def test_nothing_of_a_forgotten_customer_is_left(data: Path, touchline: "Callable[..., Result]") -> None:
    """After `customer forget`: neither in the store's parts and mutations, nor in the log."""
    done = touchline("customer", "forget", f"account:{IDENTIFIERS['account']}", "--yes", "--data", data)
    assert done.exit_code == 0, done.output
    assert traces(data) == []
    left = touchline("query", "SELECT count(), uniqExact(entity) FROM events", "--data", data, "--csv").stdout
    assert left.splitlines()[1] == "200,20"
    mutations = touchline("query", "SELECT count() FROM system.mutations", "--data", data, "--csv").stdout
    assert mutations.splitlines()[1] == "0"
