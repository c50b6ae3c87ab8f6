"""Signs requests as each provider does, written apart from the code that checks them."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from touchline.collector.dialects.dialect import Received

NOW_MS = 1_795_176_000_000
"""2026-11-20T12:00:00Z: when the requests of the tests are sent."""

SECRET = "the shared secret"
TWILIO_URL = "https://events.shop.example/v1/webhooks/twilio/src"
GENERIC = {
    "mapping": "mapping.yaml",
    "signature": {"header": "X-Signature", "prefix": "sha256=", "timestamp": "X-Sent-At"},
}
OPTIONS: Mapping[str, dict[str, Any]] = {"twilio": {"url": TWILIO_URL}, "generic": GENERIC}
"""Options that sources of a kind must have, besides their secret."""


@cache
def private_key() -> ec.EllipticCurvePrivateKey:
    """The key of SendGrid in these tests."""
    return ec.generate_private_key(ec.SECP256R1())


def secret_of(kind: str) -> str:
    """The secret of a source: the shared one, or the public key."""
    if kind != "sendgrid":
        return SECRET
    public = private_key().public_key()
    return base64.b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def signed(
    kind: str,
    body: bytes,
    headers: Mapping[str, str] | None = None,
    *,
    secret: str = SECRET,
    sent_at_ms: int = NOW_MS,
    form: Mapping[str, str] | None = None,
) -> Received:
    """A genuine request of a kind. Mailgun's signature becomes a part of the body."""
    key, seconds = secret.encode(), str(sent_at_ms // 1000)
    query: dict[str, str] = {}
    own: dict[str, str] = {}

    def digest(message: bytes, algorithm: str = "sha256") -> bytes:
        return hmac.new(key, message, algorithm).digest()

    def b64(raw: bytes) -> str:
        return base64.b64encode(raw).decode()

    match kind:
        case "twilio" if form is not None:
            body = urlencode(form).encode()
            fields = "".join(name + form[name] for name in sorted(form))
            own = {"x-twilio-signature": b64(digest((TWILIO_URL + fields).encode(), "sha1"))}
        case "twilio":
            query = {"bodySHA256": hashlib.sha256(body).hexdigest()}
            url = f"{TWILIO_URL}?bodySHA256={query['bodySHA256']}"
            own = {"x-twilio-signature": b64(digest(url.encode(), "sha1"))}
        case "zendesk":
            own = {"x-zendesk-webhook-signature-timestamp": seconds}
            own["x-zendesk-webhook-signature"] = b64(digest(seconds.encode() + body))
        case "intercom":
            own = {"x-hub-signature": f"sha1={digest(body, 'sha1').hex()}"}
        case "shopify":
            own = {"x-shopify-hmac-sha256": b64(digest(body))}
        case "stripe":
            own = {"stripe-signature": f"t={seconds},v1={digest(f'{seconds}.'.encode() + body).hex()},v0=00"}
        case "sendgrid":
            signature = private_key().sign(seconds.encode() + body, ec.ECDSA(SHA256()))
            own = {
                "x-twilio-email-event-webhook-timestamp": seconds,
                "x-twilio-email-event-webhook-signature": b64(signature),
            }
        case "mailgun":
            value = json.loads(body)
            signature = digest(f"{seconds}token-1".encode())
            whole = {"timestamp": seconds, "token": "token-1", "signature": signature.hex()}
            own_fields = value if isinstance(value, dict) else {}
            body = json.dumps({**own_fields, "signature": whole}).encode()
        case "typeform":
            own = {"typeform-signature": f"sha256={b64(digest(body))}"}
        case "amazon-connect" | "genesys":
            own = {"x-api-key": secret}
        case "generic":
            own = {"x-sent-at": seconds}
            own["x-signature"] = f"sha256={digest(f'{seconds}.'.encode() + body).hex()}"
    given = {name.lower(): value for name, value in (headers or {}).items()}
    return Received(body, NOW_MS, "", f"/v1/webhooks/{kind}/src", query, {**given, **own})
