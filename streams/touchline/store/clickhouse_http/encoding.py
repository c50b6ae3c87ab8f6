"""Compression of requests and answers, by HTTP's names for it."""

import gzip

import pyarrow as pa

from touchline.store.clickhouse_http.refusal import refusal

_CODECS = {"gzip": "gzip", "lz4": "lz4", "zstd": "zstd", "br": "brotli"}

COMPRESS_FROM_BYTES = 1_000
"""Shorter answers are sent uncompressed."""


def decompressed(body: bytes, encoding: str, most: int) -> bytes:
    """The decompressed body.

    Raises:
        QueryError: the encoding is unknown, the body is damaged, or it holds more than `most` bytes.
    """
    if encoding in ("", "identity"):
        return body
    codec = _CODECS.get(encoding)
    if codec is None:
        raise refusal(
            48,
            f"Content-Encoding {encoding} is not supported: use gzip, lz4, zstd or br",
            "NOT_IMPLEMENTED",
        )
    try:
        with pa.CompressedInputStream(pa.py_buffer(body), codec) as stream:
            content: bytes = stream.read(most + 1)
    except (OSError, pa.ArrowException) as error:
        raise refusal(62, f"The body is not {encoding}: {error}", "SYNTAX_ERROR") from None
    if len(content) > most:
        raise refusal(307, f"The request is over {most} bytes", "TOO_MANY_BYTES")
    return content


def accepted_encoding(accepted: str) -> str | None:
    """The fastest encoding in `Accept-Encoding` that is supported; None where there is none."""
    names = {part.partition(";")[0].strip() for part in accepted.split(",")}
    return next((name for name in ("lz4", "zstd", "gzip") if name in names), None)


def compressed(body: bytes, encoding: str) -> bytes:
    """The compressed body; favours speed over size."""
    if encoding == "gzip":
        return gzip.compress(body, compresslevel=1, mtime=0)
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, _CODECS[encoding]) as stream:
        stream.write(body)
    return bytes(sink.getvalue().to_pybytes())
