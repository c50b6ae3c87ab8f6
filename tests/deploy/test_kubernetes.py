"""infra/kubernetes: the parts in a cluster, beside a Kafka and a ClickHouse that are there already."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from touchline.config.settings import Settings
from touchline.log.kafka.records import Topics

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "infra" / "kubernetes"
VERSIONS = ("1.34", "1.37")
"""Of Kubernetes, that the manifests are for."""


def _documents(*paths: Path) -> list[dict[str, Any]]:
    return [one for path in paths for one in yaml.safe_load_all(path.read_text(encoding="utf-8")) if one]


KUSTOMIZATION = FOLDER / "base" / "kustomization.yaml"
BASE = _documents(*sorted((FOLDER / "base").glob("[!k]*.yaml")))
SETTINGS = next(one["data"] for one in BASE if one["metadata"]["name"] == "touchline" and "data" in one)
WORKLOADS = [one for one in BASE if one["kind"] in ("Deployment", "Job")]
OVERLAYS = sorted(path.parent.name for path in (FOLDER / "overlays").glob("*/kustomization.yaml"))


def _name(one: dict[str, Any]) -> str:
    return f"{one['kind']}-{one['metadata']['name']}"


def _containers(one: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from one["spec"]["template"]["spec"]["containers"]


def _validate(one: dict[str, Any]) -> None:
    validator = pytest.importorskip("kubernetes_validate", reason="`uv sync --group deploy` brings it")
    for version in VERSIONS:
        validator.validate(one, version, strict=True)


@pytest.mark.parametrize("one", BASE, ids=_name)
def test_each_manifest_has_the_schema_of_its_kind(one: dict[str, Any]) -> None:
    """Kubernetes' own schemas take it, without a field that they do not know."""
    _validate(one)


@pytest.mark.parametrize("overlay", ["base", *OVERLAYS])
def test_an_overlay_builds(overlay: str, tool: Callable[..., str]) -> None:
    """Kustomize builds it, and what comes out has the schemas of its kinds."""
    folder = "infra/kubernetes/base" if overlay == "base" else f"infra/kubernetes/overlays/{overlay}"
    built = [one for one in yaml.safe_load_all(tool("kubectl", "kustomize", folder, group=False)) if one]
    assert {_name(one) for one in built} >= {_name(one) for one in BASE}
    for one in built:
        if one["kind"] != "ScaledObject":
            _validate(one)


def test_every_manifest_is_used() -> None:
    """A file that nobody names is deployed by nobody."""
    (kustomization,) = _documents(KUSTOMIZATION)
    files = {path.name for path in (FOLDER / "base").glob("*.yaml")} - {KUSTOMIZATION.name}
    assert set(kustomization["resources"]) == files


@pytest.mark.parametrize("one", WORKLOADS, ids=_name)
def test_touchline_knows_what_a_pod_asks(one: dict[str, Any], known: Callable[..., None]) -> None:
    """Command lines and settings are ones that there are; probes ask where the process answers."""
    for container in _containers(one):
        assert container["envFrom"] == [{"configMapRef": {"name": "touchline"}}]
        own = {given["name"]: given["value"] for given in container.get("env", ())}
        known(container["args"], SETTINGS | own)
        ports = {port["name"]: port["containerPort"] for port in container.get("ports", ())}
        if "--health" in container["args"]:
            assert str(ports["health"]) in container["args"]
        elif ports:
            assert ports["http"] == Settings.model_fields["port"].default
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            if probe in container:
                request = container[probe]["httpGet"]
                assert request["port"] in ports
                assert request["path"] == ("/readyz" if probe == "readinessProbe" else "/healthz")


@pytest.mark.parametrize("one", WORKLOADS, ids=_name)
def test_a_pod_has_no_more_rights_than_it_needs(one: dict[str, Any]) -> None:
    """No root, no capabilities, nothing of its own to write to, no token; bounds on what it takes."""
    pod = one["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in _containers(one):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        for kind in ("requests", "limits"):
            assert container["resources"][kind].keys() == {"cpu", "memory"}


def _secrets(volume: dict[str, Any]) -> Iterator[str]:
    """The names of the secrets that a volume shows."""
    if "secret" in volume:
        yield volume["secret"]["secretName"]
    for source in volume.get("projected", {}).get("sources", ()):
        yield source["secret"]["name"]


def test_passwords_come_from_secrets_where_settings_look_for_them() -> None:
    """A pod with a user of the store, or of Kafka, has it where the settings look, and docs tell of each."""
    docs = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    for one in WORKLOADS:
        pod = one["spec"]["template"]["spec"]
        secrets = {volume["name"]: [*_secrets(volume)] for volume in pod["volumes"]}
        assert all(secret in docs for named in secrets.values() for secret in named)
        for container in _containers(one):
            if any(given["name"] == "TOUCHLINE_STORE_USER" for given in container.get("env", ())):
                mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
                assert mounts["password"] == SETTINGS["TOUCHLINE_SECRETS"]
                assert any(secret.startswith("touchline-store-") for secret in secrets["password"])
            if container["args"][0] in ("collector", "worker", "identity", "migrate", "alerts"):
                assert "touchline-kafka" in secrets["password"]
    assert not any("password" in name.lower() for name in SETTINGS)


def test_what_comes_and_goes_has_a_budget() -> None:
    """A deployment with more than one pod loses one at a time."""
    budgets = {one["metadata"]["name"] for one in BASE if one["kind"] == "PodDisruptionBudget"}
    assert budgets == {"collector", "identity", "worker"}


def test_nothing_goes_in_or_out_unnamed() -> None:
    """Policies take everything away first; each of them names pods that there are."""
    policies = [one for one in BASE if one["kind"] == "NetworkPolicy"]
    assert any(
        one["spec"]["podSelector"] == {} and set(one["spec"]["policyTypes"]) == {"Ingress", "Egress"}
        for one in policies
    )
    pods = {one["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/name"] for one in WORKLOADS}
    for one in policies:
        selector = one["spec"]["podSelector"]
        named = set(selector.get("matchLabels", {}).values())
        named |= {value for each in selector.get("matchExpressions", ()) for value in each["values"]}
        assert named <= pods


def test_workers_scale_with_the_lag_of_their_own_group() -> None:
    """What KEDA watches is the group and the topic of the workers, and it asks for no more than have work."""
    (scaling,) = _documents(FOLDER / "overlays" / "keda" / "scaling.yaml")
    (trigger,) = scaling["spec"]["triggers"]
    prefix = SETTINGS.get("TOUCHLINE_TOPIC_PREFIX", Settings.model_fields["topic_prefix"].default)
    assert trigger["metadata"]["topic"] == Topics(prefix).touchpoints
    assert trigger["metadata"]["consumerGroup"] == f"{prefix}worker"
    assert trigger["metadata"]["bootstrapServers"] == SETTINGS["TOUCHLINE_KAFKA"]
    assert scaling["spec"]["maxReplicaCount"] == int(SETTINGS["TOUCHLINE_PARTITIONS"])
    assert any(
        one["kind"] == "Deployment" and one["metadata"]["name"] == scaling["spec"]["scaleTargetRef"]["name"]
        for one in BASE
    )


def test_the_alerts_file_of_the_cluster_is_good(tmp_path: Path) -> None:
    """The alert rules in the ConfigMap parse."""
    from touchline.config.alerts_files import load_alerts

    text = next(one["data"]["alerts.yaml"] for one in BASE if one["metadata"]["name"] == "touchline-alerts")
    path = tmp_path / "alerts.yaml"
    path.write_text(text)
    assert load_alerts(path).channels.keys() == {"alertmanager"}
