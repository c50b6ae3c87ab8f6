"""The URL of a topic: `kafka://host:9092/topic`, or `kafkas://user@host:9093/topic?ca=…` for TLS."""

import re
from pathlib import Path
from typing import Final, NamedTuple, Self, get_args
from urllib.parse import parse_qsl, unquote, urlsplit

from touchline.log.kafka.brokers import Brokers, Mechanism
from touchline.topics.errors import WrongAddress

_TOPIC: Final = re.compile(r"[A-Za-z0-9._-]{1,249}")
_FILES: Final = ("ca", "certificate", "certificate_key")
_SCHEMES: Final = ("kafka", "kafkas")


class TopicAddress(NamedTuple):
    """Where a topic is.

    Attributes:
        servers: `host:9092`, or several separated by commas.
        topic: The topic's name.
        encrypts: Whether the URL asks for TLS.
        user: The user in the URL; empty if there is none.
        mechanism: The SASL mechanism, where there is a user.
        files: Paths by name: `ca`, `certificate`, `certificate_key`.
    """

    servers: str
    topic: str
    encrypts: bool = False
    user: str = ""
    mechanism: Mechanism = "SCRAM-SHA-512"
    files: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, url: str) -> Self:
        """The parts of a URL.

        Raises:
            WrongAddress: a part is missing or wrong. The message holds no password.
        """
        split = urlsplit(url)
        user, _, servers = split.netloc.rpartition("@")
        topic = split.path.removeprefix("/")
        if split.scheme not in _SCHEMES or not servers:
            raise WrongAddress("this is no URL of a topic: write kafka://host:9092/topic")
        if ":" in user:
            raise WrongAddress(
                "the URL of the topic has a password: set ingest_password (TOUCHLINE_INGEST_PASSWORD) instead"
            )
        if not _TOPIC.fullmatch(topic):
            raise WrongAddress(
                f"the URL names the topic {topic!r}: write kafka://host:9092/topic; a name has letters, "
                "digits, '.', '_' and '-'"
            )
        options = dict(parse_qsl(split.query, keep_blank_values=True))
        if unknown := set(options).difference(("mechanism", *_FILES)):
            raise WrongAddress(
                f"the URL of the topic has the option {min(unknown)!r}: use mechanism, {', '.join(_FILES)}"
            )
        mechanism = options.pop("mechanism", "SCRAM-SHA-512")
        known = next((name for name in get_args(Mechanism) if name == mechanism), None)
        if known is None:
            raise WrongAddress(
                f"the URL of the topic has mechanism={mechanism}: use one of {', '.join(get_args(Mechanism))}"
            )
        return cls(
            servers, topic, split.scheme == "kafkas", unquote(user), known, tuple(sorted(options.items()))
        )

    @property
    def says_access(self) -> bool:
        """Whether the URL says how the servers are reached, beyond their addresses."""
        return bool(self.encrypts or self.user or self.files)

    def brokers(self, password: str = "") -> Brokers:
        """The servers, reached as the URL says.

        Raises:
            WrongAddress: its parts do not go together.
        """
        files = {name: Path(path) for name, path in self.files}
        if self.user and not password:
            raise WrongAddress(
                "the URL of the topic has a user: set the password as ingest_password "
                "(TOUCHLINE_INGEST_PASSWORD)"
            )
        if not self.encrypts and files:
            raise WrongAddress("the URL of the topic has certificates: begin it with kafkas://")
        tls = "SSL" if self.encrypts else "PLAINTEXT"
        try:
            return Brokers(
                self.servers,
                ("SASL_SSL" if self.encrypts else "SASL_PLAINTEXT")
                if self.user
                else ("SSL" if self.encrypts else "PLAINTEXT"),
                self.mechanism,
                self.user,
                password if self.user else "",
                ca=files.get("ca"),
                certificate=files.get("certificate"),
                certificate_key=files.get("certificate_key"),
            )
        except ValueError as error:
            raise WrongAddress(f"the URL of the topic ({tls}): {error}") from None
