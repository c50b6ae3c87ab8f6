"""Bodies packed and unpacked, by the names that HTTP has for it."""

import gzip

import pyarrow as pa

from touchline.store.clickhouse_http.refusal import refusal

_CODECS = {"gzip": "gzip", "lz4": "lz4", "zstd": "zstd", "br": "brotli"}

PACK_FROM_BYTES = 1_000


def unpacked(body: bytes, encoding: str, most: int) -> bytes:
    """The body as it was before it was packed.

    Raises:
        QueryError: a packing that is not known, that is broken, or with more than `most` bytes in it.
    """
    if encoding in ("", "identity"):
        return body
    codec = _CODECS.get(encoding)
    if codec is None:
        raise refusal(
            48,
            f"Content-Encoding {encoding} is not read here: choose gzip, lz4, zstd, br",
            "NOT_IMPLEMENTED",
        )
    try:
        with pa.CompressedInputStream(pa.py_buffer(body), codec) as stream:
            text: bytes = stream.read(most + 1)
    except (OSError, pa.ArrowException) as error:
        raise refusal(62, f"The body is not {encoding}: {error}", "SYNTAX_ERROR") from None
    if len(text) > most:
        raise refusal(307, f"The request is over {most} bytes", "TOO_MANY_BYTES")
    return text


def packing_for(accepted: str) -> str | None:
    """The quickest packing that a client accepts (`Accept-Encoding`); None where it accepts none of ours."""
    names = {part.partition(";")[0].strip() for part in accepted.split(",")}
    return next((name for name in ("lz4", "zstd", "gzip") if name in names), None)


def packed(body: bytes, encoding: str) -> bytes:
    """The body, packed quickly rather than small."""
    if encoding == "gzip":
        return gzip.compress(body, compresslevel=1, mtime=0)
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, _CODECS[encoding]) as stream:
        stream.write(body)
    return bytes(sink.getvalue().to_pybytes())
