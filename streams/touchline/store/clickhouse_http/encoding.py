"""Compression of requests and answers, by HTTP's names for it."""

import gzip
import zlib

import pyarrow as pa

from touchline.store.clickhouse_http.refusal import refusal

_CODECS = {"gzip": "gzip", "lz4": "lz4", "zstd": "zstd", "br": "brotli"}

COMPRESS_FROM_BYTES = 1_000
"""Shorter answers are sent uncompressed."""

GZIP_MEMBERS = 1_000
"""The most members of a gzip body: empty ones cost time and never reach the limit of bytes."""

_CHUNK = 65_536


def decompressed(body: bytes, encoding: str, most: int) -> bytes:
    """The decompressed body.

    Raises:
        QueryError: the encoding is unknown, the body is damaged, or it holds more than `most` bytes. Bytes
            beyond `most` are not decompressed.
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
        content = _gunzipped(body, most) if codec == "gzip" else _head(body, codec, most + 1)
    except (OSError, zlib.error, pa.ArrowException) as error:
        raise refusal(62, f"The body is not {encoding}: {error}", "SYNTAX_ERROR") from None
    if len(content) > most:
        raise refusal(307, f"The request is over {most} bytes", "TOO_MANY_BYTES")
    return content


def _head(body: bytes, codec: str, most: int) -> bytes:
    with pa.CompressedInputStream(pa.py_buffer(body), codec) as stream:
        content: bytes = stream.read(most)
    return content


def _gunzipped(body: bytes, most: int) -> bytes:
    """The content, or its beginning of more than `most` bytes. Raises zlib.error."""
    content, members, ended = bytearray(), 0, False
    decoder = zlib.decompressobj(zlib.MAX_WBITS | 16)
    # In chunks: the rest of the input is copied at the end of each member.
    for start in range(0, len(body), _CHUNK):
        chunk = body[start : start + _CHUNK]
        while chunk:
            if ended:
                decoder = zlib.decompressobj(zlib.MAX_WBITS | 16)
            content += decoder.decompress(chunk, most + 1 - len(content))
            if len(content) > most:
                return bytes(content)
            ended = decoder.eof
            members += ended
            if members > GZIP_MEMBERS:
                raise zlib.error(f"more than {GZIP_MEMBERS} members")
            chunk = decoder.unused_data if ended else decoder.unconsumed_tail
    if not ended:
        raise zlib.error("the last member is incomplete")
    return bytes(content)


def accepted_encoding(accepted: str) -> str | None:
    """The fastest encoding in `Accept-Encoding` that is supported; None where there is none."""
    names = {part.partition(";")[0].strip() for part in accepted.split(",")}
    return next((name for name in ("lz4", "zstd", "gzip") if name in names), None)


class Encoder:
    """Compresses one answer, if its client accepts that and it is long enough.

    Afterwards `size` is its size before, and `encoding` how it is compressed; None if it is not.
    """

    def __init__(self, accepted: str) -> None:
        self._accepted = accepted_encoding(accepted)
        self.size = 0
        self.encoding: str | None = None

    def __call__(self, body: bytes) -> bytes:
        """Return the body as it is sent."""
        self.size = len(body)
        if self._accepted is None or self.size < COMPRESS_FROM_BYTES:
            return body
        self.encoding = self._accepted
        return compressed(body, self.encoding)


def compressed(body: bytes, encoding: str) -> bytes:
    """The compressed body; favours speed over size."""
    if encoding == "gzip":
        return gzip.compress(body, compresslevel=1, mtime=0)
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, _CODECS[encoding]) as stream:
        stream.write(body)
    return bytes(sink.getvalue().to_pybytes())
