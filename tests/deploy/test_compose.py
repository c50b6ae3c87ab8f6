"""infra/compose: the whole stack on one machine."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from touchline.config.settings import Settings
from touchline.store.migrations.grants import PAGE, READER, WORKER

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "infra" / "compose"
COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = sorted(name for name, one in SERVICES.items() if one["image"].startswith("touchline:"))
SCRIPTS = sorted(str(path.relative_to(ROOT)) for path in FOLDER.rglob("*.sh"))


def _environment(service: dict[str, Any]) -> dict[str, str]:
    """With the defaults of what the caller may set."""
    given = service.get("environment", {})
    return {name: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value) for name, value in given.items()}


def test_the_stack_is_valid_compose(tool: Callable[..., str], tmp_path: Path) -> None:
    """Compose itself reads the file, resolves it, and finds every part."""
    said = tool("docker-compose", "-f", "infra/compose/compose.yaml", "config", "--services")
    assert set(said.split()) == set(SERVICES)


def test_the_stack_takes_a_kafka_elsewhere(tool: Callable[..., str], tmp_path: Path) -> None:
    """Beside the other file its own Kafka is left out, and who needs Kafka has the password and a way out."""
    given = tmp_path / "given"
    given.write_text("TOUCHLINE_KAFKA=broker.example:9093\nTOUCHLINE_KAFKA_USER=touchline\n")
    files = ("-f", "infra/compose/compose.yaml", "-f", "infra/compose/managed-kafka.yaml")
    resolved = tool("docker-compose", "--env-file", str(given), *files, "config", "--format", "json")
    services = json.loads(resolved)["services"]
    assert "kafka" not in services
    for name in ("migrate", "collector", "identity", "worker", "alerts"):
        environment = services[name]["environment"]
        assert environment["TOUCHLINE_KAFKA"] == "broker.example:9093"
        assert environment["TOUCHLINE_KAFKA_SECURITY"] == "SASL_SSL"
        assert "touchline_kafka_password" in {one["target"] for one in services[name]["secrets"]}
        assert services[name]["networks"].keys() == {"front", "back"}
        ours = {one: value for one, value in environment.items() if one.startswith("TOUCHLINE_KAFKA")}
        settings = {one.removeprefix("TOUCHLINE_").lower(): value for one, value in ours.items()}
        assert Settings(**settings, kafka_password="from its file").brokers.requires_user


def test_the_stack_is_confined(tool: Callable[..., str]) -> None:
    """A linter of container security finds nothing of weight."""
    tool("compose-lint", "--fail-on", "high", "infra/compose/compose.yaml")


def test_the_dockerfile_is_clean(tool: Callable[..., str]) -> None:
    """A linter of Dockerfiles finds nothing."""
    tool("hadolint", "infra/compose/Dockerfile")


def test_the_scripts_are_clean(tool: Callable[..., str]) -> None:
    """A linter of shell scripts finds nothing."""
    assert SCRIPTS
    tool("shellcheck", *SCRIPTS)


@pytest.mark.parametrize("name", OURS)
def test_touchline_knows_what_a_service_asks(name: str, known: Callable[..., None]) -> None:
    """Command lines, settings and secrets are ones that there are."""
    service = SERVICES[name]
    known(service["command"], _environment(service))
    for secret in service.get("secrets", ()):
        assert secret["target"].removeprefix("touchline_") in Settings.model_fields
        assert secret["source"] in COMPOSE["secrets"]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_has_no_more_rights_than_it_needs(name: str) -> None:
    """No root, no capabilities; bounds on what it takes, a version, and ports of this machine alone."""
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service["user"].startswith(("0", "root"))
    assert {"mem_limit", "cpus"} <= service.keys()
    assert re.search(r":v?\d+\.\d+(\.\d+)?$", service["image"]), "pinned to a version"
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    assert "healthcheck" in service or service["restart"] == "no"


def test_the_log_and_the_store_are_reached_from_inside_alone() -> None:
    """Kafka and ClickHouse are on the internal network only, and publish nothing."""
    assert COMPOSE["networks"]["back"] == {"internal": True}
    for name in ("kafka", "clickhouse"):
        assert SERVICES[name]["networks"] == ["back"]
        assert "ports" not in SERVICES[name]


def test_no_password_is_in_the_repository() -> None:
    """Secrets are files beside it that git leaves out; their script makes each of them."""
    script = (FOLDER / "secrets.sh").read_text(encoding="utf-8")
    for name, secret in COMPOSE["secrets"].items():
        assert secret["file"] == f"./secrets/{name}"
        assert name in script
    assert (FOLDER / "secrets" / ".gitignore").read_text(encoding="utf-8") == "*\n!.gitignore\n"


def test_users_have_the_roles_that_migrate_makes() -> None:
    """The store's users are named for the roles, and the services sign in as them."""
    script = (FOLDER / "clickhouse" / "users.sh").read_text(encoding="utf-8")
    assert "for user in worker page reader" in script
    assert "touchline_$user" in script
    assert {WORKER, PAGE, READER} == {"touchline_worker", "touchline_page", "touchline_reader"}
    assert SERVICES["live"]["environment"]["TOUCHLINE_STORE_USER"] == "page"
    for name in ("worker", "identity", "alerts"):
        assert SERVICES[name]["environment"]["TOUCHLINE_STORE_USER"] == "worker"


def test_the_alerts_file_is_good() -> None:
    """The alert rules that the stack evaluates parse, and go to its own Alertmanager."""
    from touchline.config.alerts_files import load_alerts

    file = load_alerts(FOLDER / "touchline" / "alerts.yaml")
    assert file.rules
    assert file.channels.keys() == {"alertmanager"}
