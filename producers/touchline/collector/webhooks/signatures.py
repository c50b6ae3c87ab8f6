"""Signatures of webhooks: each scheme checks the raw body, in constant time, with every secret of a source.

A scheme raises `WrongSignature` and returns nothing. Its message names no secret and no expected signature.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, Literal

from touchline.vocabulary.errors import TouchlineError

Algorithm = Literal["sha1", "sha256", "sha512"]
Encoding = Literal["hex", "base64"]

_MOST_SIGNATURES: Final = 8


class WrongSignature(TouchlineError):
    """The request does not prove that it comes from the provider; `str` says what to check."""


def check_hmac(
    signed: bytes,
    given: str | Iterable[str],
    secrets: Sequence[bytes],
    *,
    algorithm: Algorithm = "sha256",
    encoding: Encoding = "hex",
) -> None:
    """Check that one of the given signatures is the HMAC of `signed` with one of the secrets.

    Raises:
        WrongSignature: none is, or there is none.
    """
    signatures = [given] if isinstance(given, str) else list(given)[:_MOST_SIGNATURES]
    raw = [found for one in signatures if (found := decoded(one, encoding))]
    if not raw:
        raise WrongSignature("the request has no signature: set the secret at the provider, too")
    right = False
    for secret in secrets:
        expected = hmac.new(secret, signed, getattr(hashlib, algorithm)).digest()
        for one in raw:
            # No early end: the time must not tell which secret or signature is right.
            right |= hmac.compare_digest(expected, one)
    if not right:
        raise WrongSignature("the signature is wrong: check that the source has the provider's secret")


def check_token(given: str, secrets: Sequence[bytes]) -> None:
    """Check a secret that is sent as it is.

    Raises:
        WrongSignature: it is missing, or another one.
    """
    if not given:
        raise WrongSignature("the request has no secret: set the header at the provider")
    right = False
    for secret in secrets:
        right |= hmac.compare_digest(secret, given.encode("utf-8", "surrogateescape"))
    if not right:
        raise WrongSignature("the secret is wrong: check that the source has the provider's secret")


def check_ecdsa(signed: bytes, given: str, public_keys: Sequence[bytes]) -> None:
    """Check an ECDSA signature over SHA-256. The keys are public ones, in base64 of DER or as PEM.

    Raises:
        WrongSignature: it fits none of the keys, or a key is none.
    """
    # Imported here: it loads slowly, and only one provider needs it.
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    signature = decoded(given, "base64")
    if not signature:
        raise WrongSignature("the request has no signature: switch on signed events at the provider")
    for text in public_keys:
        body = b"".join(line for line in text.splitlines() if not line.startswith(b"-----"))
        try:
            key = load_der_public_key(base64.b64decode(body))
            if isinstance(key, EllipticCurvePublicKey):
                key.verify(signature, signed, ECDSA(SHA256()))
                return
        except (InvalidSignature, UnsupportedAlgorithm, ValueError):
            continue
    raise WrongSignature("the signature is wrong: check that the source has the provider's public key")


def check_age(sent_at_ms: int | None, received_at_ms: int, tolerance_ms: int) -> None:
    """Check that a signed time is near the collector's clock, so that no old request is sent again.

    Raises:
        WrongSignature: it is too old, in the future, or no time.
    """
    if sent_at_ms is None:
        raise WrongSignature("the signature has no time")
    if abs(received_at_ms - sent_at_ms) > tolerance_ms:
        raise WrongSignature(
            f"the signed time differs by more than {tolerance_ms // 1000} s from the collector's clock: check"
            " the clock, or raise the source's tolerance"
        )


def decoded(signature: str, encoding: Encoding) -> bytes:
    """The bytes of a signature; none if it is not in the encoding."""
    try:
        if encoding == "hex":
            return bytes.fromhex(signature.strip())
        return base64.b64decode(signature.strip(), validate=True)
    except (ValueError, binascii.Error):
        return b""


def epoch_ms(text: str) -> int | None:
    """A time in seconds or milliseconds since 1970, or in RFC 3339, as milliseconds; None if it is none."""
    text = text.strip()
    if text.isascii() and text.isdecimal() and len(text) <= 13:
        return int(text) * (1 if len(text) > 11 else 1000)
    try:
        at = datetime.fromisoformat(text)
        return int(at.timestamp() * 1000) if at.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None
