"""Settings: secrets' files, `touchline.toml`, environment `TOUCHLINE_…`, flags, in rising order."""

import os
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from tomllib import TOMLDecodeError
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import TomlConfigSettingsSource as Toml

from touchline.config.privacy_rules import load_privacy
from touchline.documents import explained
from touchline.identity import CACHED_IDENTIFIERS, LIMITS, check_limits
from touchline.log.kafka.brokers import Brokers, Mechanism, Security
from touchline.measures import check_goals
from touchline.privacy import PrivacyRules
from touchline.store.address import Address
from touchline.vocabulary.durations import parse_duration
from touchline.vocabulary.envelope import Kind
from touchline.vocabulary.errors import ConfigurationError
from touchline.vocabulary.moments import UTC, check_zone
from touchline.vocabulary.normaliser import Normaliser

Milliseconds = Annotated[int, BeforeValidator(parse_duration)]


def _listed(given: object) -> object:
    """Names separated by commas, as the environment has them, or a list, as TOML has them."""
    return [name.strip() for name in given.split(",") if name.strip()] if isinstance(given, str) else given


def _address(given: str) -> str:
    """An address of a store, or none."""
    return str(given and Address(given).url)


def _country(given: str | None) -> str | None:
    """A country, or none; without this check, all local phone numbers of an unknown one would be dropped."""
    country = (given or "").strip().upper()
    countries = (files("tzdata") / "zoneinfo" / "iso3166.tab").read_text() if country else ""
    # Kosovo has numbers, but no code of the standard.
    if country and country != "XK" and f"\n{country}\t" not in countries:
        raise ValueError(f"no country {given!r}: write its two letters of ISO 3166, such as GB or DE")
    return country or None  # an empty variable of the environment sets nothing


def _long_enough(given: SecretStr) -> SecretStr:
    """A key that nobody guesses, or none."""
    if 0 < len(given.get_secret_value()) < SHORTEST_KEY:
        raise ValueError(f"write at least {SHORTEST_KEY} characters, such as from `openssl rand -hex 32`")
    return given


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]


SHORTEST_KEY = 32

SECRETS = "/run/secrets"
"""Where container engines put the secrets of a container."""


class SettingsError(ConfigurationError):
    """A setting that cannot be used; the message names it."""


class Settings(BaseSettings):
    """The settings of all processes. Durations are written `45s`, `30m`, `4h`, `7d`."""

    model_config = SettingsConfigDict(env_prefix="TOUCHLINE_", toml_file="touchline.toml", extra="forbid")

    data: Path = Path("touchline-data")
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65_535)
    allowed_hosts: Names = ()
    rules: Path | None = None
    plan: Path | None = None
    privacy: Path | None = None
    privacy_key: SecretStr = SecretStr("")
    require_key: bool = False
    webhooks: Path | None = None
    alerts: Path | None = None
    link_key: Annotated[SecretStr, AfterValidator(_long_enough)] = SecretStr("")
    public_url: str = Field(default="", pattern=r"^(https?://[^\s]+)?$")
    region: Annotated[str | None, AfterValidator(_country)] = None
    placeholders: dict[Kind, tuple[str, ...]] = {}
    terminals: Names = ()
    zone: Annotated[str, AfterValidator(check_zone)] = UTC
    journey_gap: Milliseconds = Field(default="14d", validate_default=True)
    grace: Milliseconds = Field(default="5s", validate_default=True)
    limits: Annotated[dict[str, int], AfterValidator(check_limits)] = dict(LIMITS)
    cached_identifiers: int = Field(default=CACHED_IDENTIFIERS, ge=1_000)
    kafka: str = ""
    kafka_security: Security = "PLAINTEXT"
    kafka_mechanism: Mechanism = "SCRAM-SHA-512"
    kafka_user: str = ""
    kafka_password: SecretStr = SecretStr("")
    kafka_verify: bool = True
    kafka_ca: Path | None = None
    kafka_certificate: Path | None = None
    kafka_certificate_key: Path | None = None
    ingest_password: SecretStr = SecretStr("")
    registry: str = ""
    registry_user: str = ""
    registry_password: SecretStr = SecretStr("")
    registry_verify: bool = True
    registry_ca: Path | None = None
    topic_prefix: str = Field(default="touchline.", pattern=r"^[a-zA-Z0-9._-]{0,200}$")
    partitions: int = Field(default=6, ge=1, le=10_000)
    replication: int = Field(default=1, ge=1, le=100)
    retention: Milliseconds = Field(default="7d", validate_default=True)
    goals: Annotated[dict[str, float], AfterValidator(check_goals)] = {}
    impact_every: Milliseconds = Field(default="1h", validate_default=True)
    impact_period: Milliseconds = Field(default="30d", validate_default=True)
    impact_outcome: str = Field(default="order.placed", min_length=1)
    impact_within: Milliseconds = Field(default="7d", validate_default=True)
    contact_cost: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    store: Annotated[str, AfterValidator(_address)] = ""
    store_user: str = ""
    store_password: SecretStr = SecretStr("")
    store_verify: bool = True
    store_ca: Path | None = None
    cluster: str = Field(default="", pattern=r"^[A-Za-z0-9_-]*$")

    @model_validator(mode="after")
    def _look_at_identifiers(self) -> Self:
        if self.terminals or self.placeholders:
            _ = self.normaliser_with(None)
        return self

    @model_validator(mode="after")
    def _look_at_kafka(self) -> Self:
        if self.kafka:
            _ = self.brokers
        return self

    @cached_property
    def normaliser(self) -> Normaliser:
        """Turns what producers send, and what people search for, into identifiers as they are stored.

        Raises:
            PrivacyError: the file of privacy rules cannot be used.
        """
        rules = load_privacy(self.privacy, self.privacy_key.get_secret_value())
        return self.normaliser_with(rules)

    def normaliser_with(self, rules: PrivacyRules | None) -> Normaliser:
        """The normaliser under privacy rules other than those of the file."""
        seal = None if rules is None else rules.seal
        return Normaliser(self.region, self.placeholders, self.terminals, seal)

    @property
    def brokers(self) -> Brokers:
        """Kafka's servers. Raises ValueError where none are set."""
        return self.brokers_at(self.kafka)

    def brokers_at(self, servers: str) -> Brokers:
        """Kafka servers, reached as the settings say. Raises ValueError where they are inconsistent."""
        return Brokers(
            servers,
            self.kafka_security,
            self.kafka_mechanism,
            self.kafka_user,
            self.kafka_password.get_secret_value(),
            self.kafka_verify,
            self.kafka_ca,
            self.kafka_certificate,
            self.kafka_certificate_key,
        )

    @property
    def store_address(self) -> Address | None:
        """The server that keeps the store; None where the store is in the data folder."""
        if not self.store:
            return None
        return Address(
            self.store,
            self.store_user,
            self.store_password.get_secret_value(),
            self.store_verify,
            self.store_ca,
            self.cluster,
        )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, Toml(settings_cls), file_secret_settings


def load_settings(**flags: Any) -> Settings:
    """The settings; `flags` that are None were not given.

    A file `touchline_<setting>` in the folder of secrets says what the setting is: containers are given
    passwords so. The folder is what `TOUCHLINE_SECRETS` names.

    Raises:
        SettingsError: with what is wrong, and where.
    """
    folder = Path(os.environ.get("TOUCHLINE_SECRETS") or SECRETS)
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        return Settings(_secrets_dir=folder if folder.is_dir() else None, **given)
    except (TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise SettingsError(f"touchline.toml cannot be read: {error}") from error
    except ValidationError as error:
        faults = (
            ": ".join(
                filter(None, (".".join(map(str, one["loc"])), explained(one, Settings.model_fields, ())))
            )
            for one in error.errors(include_url=False, include_input=False)
        )
        raise SettingsError("settings (touchline.toml, TOUCHLINE_…, flags): " + "; ".join(faults)) from error
