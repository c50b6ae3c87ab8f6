"""What a file of walks says: the models of its walks and their steps. Durations are in milliseconds."""

import re
from datetime import date
from typing import Annotated, Any, Final, Self
from urllib.parse import urljoin, urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from touchline.documents import Secret
from touchline.vocabulary.durations import DAY, HOUR, MINUTE, SECOND, exact_duration, parse_duration
from touchline.vocabulary.envelope import Channel

MOST_WALKS: Final = 100
MOST_STEPS: Final = 100

CONTACT_WORDS: Final = ("contact", "kontakt", "contacto", "contatto", "tel:", "mailto:")
"""A link or button that leads to people has one of these, if the walk names no other words."""

STEP_KINDS: Final = ("open", "form", "contact_within", "phone_menu", "email")


def _between(least: int, most: int) -> BeforeValidator:
    def read(given: Any) -> int:
        length = parse_duration(given)
        if not least <= length <= most:
            raise ValueError(f"'{given}' is not between {exact_duration(least)} and {exact_duration(most)}")
        return length

    return BeforeValidator(read)


def _address(given: str) -> str:
    """A path of the site, or a whole address."""
    if given.startswith("/") and not given.startswith("//"):
        return given
    return _site(given)


def _site(given: str) -> str:
    try:
        parts = urlsplit(given)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None
    except ValueError:
        valid = False
    if not valid:
        raise ValueError(f"'{given}' is not an address: write one such as https://shop.example/contact")
    return given


Within = Annotated[int, _between(SECOND, MINUTE)]
Address = Annotated[str, AfterValidator(_address)]
Selector = Annotated[str, Field(min_length=1, max_length=500)]
Text = Annotated[str, Field(min_length=1, max_length=500)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Open(_Strict):
    """A page loads, with this status and, if given, this text."""

    page: Address
    status: int = Field(default=200, ge=100, le=599)
    expect: Text | None = None
    within: Within = Field(default="10s", validate_default=True)

    @model_validator(mode="before")
    @classmethod
    def _short(cls, given: Any) -> Any:
        return {"page": given} if isinstance(given, str) else given


class Form(_Strict):
    """A form can be sent: its answer shows the text `expect`. Fields and button by CSS selector."""

    page: Address
    fields: Annotated[dict[Selector, Secret], Field(max_length=100)] = {}
    submit: Selector
    expect: Text
    within: Within = Field(default="20s", validate_default=True)


class ContactWithin(_Strict):
    """A link or button to people is at most `clicks` away from a page; at most `pages` are opened."""

    clicks: int = Field(ge=1, le=5)
    page: Address = "/"
    words: Annotated[list[Text], Field(min_length=1, max_length=50)] = list(CONTACT_WORDS)
    pages: int = Field(default=20, ge=1, le=200)
    within: Annotated[int, _between(SECOND, 10 * MINUTE)] = Field(default="2m", validate_default=True)

    @model_validator(mode="before")
    @classmethod
    def _short(cls, given: Any) -> Any:
        return {"clicks": given} if isinstance(given, int) and not isinstance(given, bool) else given


class PhoneMenu(_Strict):
    """A fact that somebody stated on a day: how many levels a phone menu has. Nothing measures it."""

    levels: int = Field(ge=0, le=20)
    at_most: int = Field(ge=0, le=20)
    stated: Annotated[date, Field(strict=False)]
    valid: Annotated[int, _between(DAY, 366 * DAY)] = Field(default="90d", validate_default=True)
    """How long the statement counts; after that, the step fails until somebody looks again."""


def _hidden(given: Secret) -> Secret:
    if given.text is not None:
        raise ValueError("write {env: NAME} or {file: PATH}: a password has no place in this file")
    return given


def _address_of_mail(given: str) -> str:
    name, at, host = given.rpartition("@")
    if not at or not name or not host or not given.isascii() or re.search(r"[\s<>,;:\x00-\x1f]", given):
        raise ValueError(f"'{given}' is not an e-mail address: write one such as service@shop.example")
    return given


def _server(schemes: tuple[str, str]) -> AfterValidator:
    def read(given: str) -> str:
        try:
            parts = urlsplit(given)
            valid = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
            valid = valid and parts.username is None and parts.path in ("", "/")
        except ValueError:
            valid = False
        if not valid:
            raise ValueError(f"'{given}' is not the address of a server: write {schemes[0]}://mail.example")
        return given

    return AfterValidator(read)


MailAddress = Annotated[str, Field(max_length=254), AfterValidator(_address_of_mail)]
Line = Annotated[str, Field(min_length=1, max_length=150, pattern=r"^[^\x00-\x1f\x7f]+$")]


class Correspondence(_Strict):
    """An e-mail to the company is answered by a person in time.

    `smtps` and `imaps` are TLS from the start, `smtp` and `imap` become TLS before anything is sent.
    """

    to: MailAddress
    sender: MailAddress
    smtp: Annotated[str, _server(("smtps", "smtp"))]
    imap: Annotated[str, _server(("imaps", "imap"))]
    user: Annotated[str, Field(min_length=1, max_length=254)] | None = None
    """The name at both servers; `sender` if not given."""
    password: Annotated[Secret, AfterValidator(_hidden)]
    mailbox: Annotated[str, Field(min_length=1, max_length=100, pattern=r'^[^\x00-\x1f"\\]+$')] = "INBOX"
    subject: Line
    text: Annotated[str, Field(min_length=1, max_length=5_000)]
    within: Annotated[int, _between(MINUTE, 30 * DAY)] = Field(default="1d", validate_default=True)
    again: Annotated[int, _between(MINUTE, 90 * DAY)] = Field(default="1d", validate_default=True)
    """How long after a message the next one is sent at the earliest."""

    @property
    def login(self) -> str:
        """The name at both servers."""
        return self.user or self.sender


class Step(_Strict):
    """One step: its name, and exactly one of the kinds."""

    name: str = Field(min_length=1, max_length=150)
    open: Open | None = None
    form: Form | None = None
    contact_within: ContactWithin | None = None
    phone_menu: PhoneMenu | None = None
    email: Correspondence | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if sum(getattr(self, kind) is not None for kind in STEP_KINDS) != 1:
            raise ValueError(f"write exactly one of {', '.join(STEP_KINDS)}")
        return self

    @property
    def kind(self) -> str:
        """The name of its kind."""
        return next(kind for kind in STEP_KINDS if getattr(self, kind) is not None)

    @property
    def does(self) -> Open | Form | ContactWithin | PhoneMenu | Correspondence:
        """What it does."""
        found: Open | Form | ContactWithin | PhoneMenu | Correspondence = getattr(self, self.kind)
        return found

    @property
    def in_words(self) -> str:
        """The step as its events name it: what is stated, not measured, says so."""
        if self.phone_menu is None:
            return self.name
        return f"{self.name} (stated {self.phone_menu.stated}, not measured)"

    @property
    def limit(self) -> int | None:
        """How long it may take, in ms; None if it takes no time."""
        return None if isinstance(self.does, PhoneMenu) else self.does.within


def _host(given: str) -> str:
    host = given.strip().lower()
    if not host or any(mark in host for mark in "/:@*? "):
        raise ValueError(f"'{given}' is not a host: write one such as shop.example, without https://")
    return host


def _pattern(given: str) -> str:
    if not given.isascii() or given.startswith("||*") or not given.strip("*|^"):
        raise ValueError(f"'{given}' is no part of an address: write one such as collect.shop.example/")
    return given


def _channel(given: Any) -> Any:
    known = [channel.value for channel in Channel]
    if given not in known:
        raise ValueError(f"there is no channel '{given}'; write one of {', '.join(known)}")
    return given


class Walk(_Strict):
    """A walk: the site, and the steps in their order. Each step begins on a page of its own."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,63}$")
    site: Annotated[str, AfterValidator(_site)]
    hosts: list[Annotated[str, AfterValidator(_host)]] = []
    """Hosts besides the site's own that its pages may lead to."""
    channel: Annotated[str, BeforeValidator(_channel)] = "web"
    source: str = Field(default="", max_length=100)
    block: Annotated[list[Annotated[Text, AfterValidator(_pattern)]], Field(max_length=50)] = []
    """Parts of addresses that the browser does not load, such as `collect.shop.example/`."""
    limit: Annotated[int, _between(SECOND, HOUR)] = Field(default="5m", validate_default=True)
    steps: Annotated[list[Step], Field(min_length=1, max_length=MOST_STEPS)]

    def portions(self) -> "list[Walk]":
        """What is walked at a time: all steps in the browser, and each e-mail by itself."""
        pages = [step for step in self.steps if step.email is None]
        mails = [[step] for step in self.steps if step.email is not None]
        return [self.model_copy(update={"steps": steps}) for steps in (pages, *mails) if steps]

    def address(self, page: str) -> str:
        """The whole address of a page."""
        return urljoin(self.site, page)

    def covers(self, address: str) -> bool:
        """Whether an address is on one of the walk's hosts."""
        try:
            parts = urlsplit(address)
            host = parts.hostname
        except ValueError:
            return False
        return parts.scheme in ("http", "https") and host in {urlsplit(self.site).hostname, *self.hosts}
