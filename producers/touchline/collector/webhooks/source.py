"""A source of webhooks: its kind, its secrets, and its options, as the file of sources has them."""

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from touchline.collector.webhooks.signatures import Algorithm, Encoding
from touchline.documents import Secret
from touchline.imports.mapping import Mapping as FileMapping
from touchline.vocabulary.durations import parse_duration
from touchline.vocabulary.envelope import Channel, Kind


def _listed(given: Any) -> Any:
    return tuple(given) if isinstance(given, list) else (given,)


Milliseconds = Annotated[int, BeforeValidator(parse_duration)]
Secrets = Annotated[tuple[Secret, ...], BeforeValidator(_listed), Field(min_length=1, max_length=2)]
OptionalSecrets = Annotated[tuple[Secret, ...], BeforeValidator(_listed), Field(max_length=2)]
Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]


class Source(BaseModel):
    """The options that sources of every kind have.

    Attributes:
        kind: The provider.
        secret: What its signatures are checked with: one secret, or two while one replaces the other.
        channel: The channel of all its events. Default: as the kind's table says.
        customer: The kind of identifier for the provider's own id of the customer. Default: the provider's
            name, because the id means nothing elsewhere.
        ignore: The provider's names of events that are not stored, where `*` matches anything.
        tolerance: How far (ms) a signed time may be from the collector's clock. Default: the kind's own.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    secret: Secrets
    channel: Channel | None = None
    customer: Kind | None = None
    ignore: Names = ()
    tolerance: Milliseconds | None = None

    def ignores(self, name: str) -> bool:
        """Whether events that the provider calls `name` are not stored."""
        return any(fnmatchcase(name, pattern) for pattern in self.ignore)


class TwilioSource(Source):
    """Twilio signs the address as it was entered there; behind a proxy the collector sees another one."""

    url: str = Field(pattern=r"^https?://[^\s]+$")


class TypeformSource(Source):
    """Which hidden fields and variables of the forms are identifiers, and of which kind."""

    hidden: dict[str, Kind] = {
        "account": "account",
        "user_id": "account",
        "email": "email",
        "phone": "phone",
        "loyalty": "loyalty",
        "device": "device",
    }


class Signature(BaseModel):
    """How a provider signs.

    Attributes:
        header: The header with the signature.
        algorithm: The hash of the HMAC; `none` if the header holds the secret itself.
        encoding: How the signature is written.
        prefix: What is written before it, such as `sha256=`.
        timestamp: The header with the signed time, if there is one: seconds or milliseconds since 1970, or
            RFC 3339.
        signed: What is signed, made of `{body}` and `{timestamp}`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    header: str
    algorithm: Algorithm | Literal["none"] = "sha256"
    encoding: Encoding = "hex"
    prefix: str = ""
    timestamp: str | None = None
    signed: str = ""

    @field_validator("header", "prefix")
    @classmethod
    def _is_plain(cls, text: str) -> str:
        if not text.isascii():
            raise ValueError("write ASCII only")
        return text

    @field_validator("signed")
    @classmethod
    def _has_body(cls, template: str) -> str:
        if template and template.count("{body}") != 1:
            raise ValueError('write {body} once, such as "{timestamp}.{body}"')
        return template


class Challenge(BaseModel):
    """The handshake of a provider: what it sends is sent back.

    Attributes:
        query: The parameter of a GET whose value is sent back, such as `hub.challenge`.
        token: The parameter of that GET that holds the secret, such as `hub.verify_token`.
        field: The field of a signed POST whose value is sent back, such as `challenge`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    query: str | None = None
    token: str | None = None
    field: str | None = None


class GenericSource(Source):
    """A provider of any kind: a mapping file, as `touchline import` takes it, and how it signs.

    Attributes:
        mapping: The mapping: a path, from the folder of the file of sources.
        items: Where the list of events stands in the body, such as `data.events`. Default: the body is one
            event, or a list of them.
        signature: How the provider signs. Without it, and without a secret, requests need a key.
        challenge: The provider's handshake.
    """

    secret: OptionalSecrets = ()
    mapping: str
    items: str | None = None
    signature: Signature | None = None
    challenge: Challenge | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if bool(self.secret) != (self.signature is not None):
            raise ValueError("write both secret and signature, or neither: then requests need a key")
        if self.challenge and not self.secret:
            raise ValueError("a challenge needs a secret: write secret and signature")
        return self


S = TypeVar("S", bound=Source)


@dataclass(frozen=True, slots=True)
class Opened(Generic[S]):
    """A source that is ready to receive.

    Attributes:
        name: Its name, the last part of its address.
        source: Its options.
        secrets: Its secrets.
        mapping: The mapping of a generic source.
    """

    name: str
    source: S
    secrets: tuple[bytes, ...] = field(repr=False)
    mapping: FileMapping | None = None

    def channel(self, otherwise: str) -> str:
        """The channel of an event: the source's, or the one that its kind finds."""
        return self.source.channel.value if self.source.channel else otherwise

    def customer(self, otherwise: str) -> str:
        """The kind of identifier for the provider's id of a customer."""
        return self.source.customer or otherwise
