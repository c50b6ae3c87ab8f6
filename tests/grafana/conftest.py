"""A Grafana that answers as the real API does, and refuses what it refuses; and where the command runs."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from typer.testing import Result

Json = dict[str, Any]
Command = Callable[..., Result]

TOKEN = "glsa_of_the_tests"
UID = re.compile(r"[A-Za-z0-9_-]{1,40}")
DURATION = re.compile(r"0s|(\d+d)?(\d+h)?(\d+m)?(\d+s)?")
RULE_NEEDS = {
    *("condition", "data", "execErrState", "folderUID", "for", "noDataState", "orgID", "ruleGroup", "title"),
}
EXPRESSION = "__expr__"


class Refused(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


def check(right: bool, message: str, status: int = 400) -> None:
    if not right:
        raise Refused(status, message)


class FakeGrafana:
    """What a Grafana keeps, and what was written to it; `url` is its root."""

    def __init__(self) -> None:
        self.folders: dict[str, Json] = {}
        self.sources: dict[str, Json] = {}
        self.dashboards: dict[str, Json] = {}
        self.groups: dict[tuple[str, str], Json] = {}
        self.writes: list[str] = []
        self.requests = 0
        self.next_answers: list[tuple[int, bytes, dict[str, str]]] = []
        """Given instead of the right ones, first to last."""
        self.meddler: Callable[[], None] = lambda: None
        """Called before each write."""
        self.wait = threading.Event()
        self.wait.set()
        """While it is not set, nothing is answered."""
        self.url = ""

    def answer(self, verb: str, path: str, body: Any) -> Json:
        if verb != "GET":
            self.meddler()
        match verb, path.strip("/").split("/"):
            case "GET", ["health"]:
                return {"database": "ok", "version": "12.3.0"}
            case "GET", ["folders", uid]:
                return self._known(self.folders, uid, "folder not found")
            case "POST", ["folders"]:
                return self._make_folder(body)
            case "GET", ["datasources", "name", name]:
                return self._known(self.sources, name, "Data source not found")
            case "POST", ["datasources"]:
                return self._make_source(body)
            case "GET", ["dashboards", "uid", uid]:
                return self._known(self.dashboards, uid, "Dashboard not found")
            case "POST", ["dashboards", "db"]:
                return self._save_dashboard(body)
            case "GET", ["v1", "provisioning", "folder", folder, "rule-groups", group]:
                return self._known(self.groups, (folder, group), "rule group not found")
            case "PUT", ["v1", "provisioning", "folder", folder, "rule-groups", group]:
                return self._put_group(folder, group, body)
        raise Refused(404, "Not found")

    def _known(self, things: dict[Any, Json], key: Any, message: str) -> Json:
        check(key in things, message, 404)
        return things[key]

    def _make_folder(self, body: Json) -> Json:
        check(bool(body.get("title")), "folder title cannot be empty")
        check(bool(UID.fullmatch(body.get("uid", ""))), "uid contains illegal characters")
        check(body["uid"] not in self.folders, "the folder has been changed by someone else", 412)
        self.folders[body["uid"]] = {"id": 1, "version": 1, **body}
        self.writes.append(f"folder {body['uid']}")
        return self.folders[body["uid"]]

    def _make_source(self, body: Json) -> Json:
        for name in ("name", "type", "access"):
            check(bool(body.get(name)), f"required field {name}")
        check(body["name"] not in self.sources, "data source with the same name already exists", 409)
        check(isinstance(body["jsonData"]["host"], str), "host")
        check(isinstance(body["jsonData"]["port"], int), "port")
        secret = body.pop("secureJsonData", {})
        fields = dict.fromkeys(secret, True)
        self.sources[body["name"]] = {"id": 7, "uid": "made-by-grafana", **body, "secureJsonFields": fields}
        self.writes.append(f"data source {body['name']}")
        return {"id": 7, "message": "Datasource added", "name": body["name"]}

    def _save_dashboard(self, body: Json) -> Json:
        known = {"dashboard", "folderUid", "message", "overwrite"}
        check(set(body) <= known, f"unknown fields {set(body) - known}")
        sent = body["dashboard"]
        check(bool(sent.get("title")), "Dashboard title cannot be empty")
        check(bool(UID.fullmatch(sent.get("uid") or "")), "uid is missing, or contains illegal characters")
        check(body.get("folderUid") in self.folders, "folder not found", 404)
        check(sent.get("id", 0) is None, "id must be null, or that of a dashboard")
        self._check_panels(sent["panels"])
        there = self.dashboards.get(sent["uid"])
        version = there["dashboard"]["version"] if there else 0
        if there and not body.get("overwrite"):
            check(sent.get("version") == version, "The dashboard has been changed by someone else", 412)
        # Grafana brings the schema up to date, and numbers what it saves.
        saved = {**sent, "id": 11, "version": version + 1, "schemaVersion": 99}
        self.dashboards[sent["uid"]] = {"dashboard": saved, "meta": {"folderUid": body["folderUid"]}}
        self.writes.append(f"dashboard {sent['uid']}")
        return {"id": 11, "uid": sent["uid"], "status": "success", "version": version + 1}

    def _check_panels(self, panels: list[Json]) -> None:
        check(len({panel["id"] for panel in panels}) == len(panels), "two panels have one id")
        taken: set[tuple[int, int]] = set()
        for panel in panels:
            check(isinstance(panel["id"], int) and bool(panel["type"]) and bool(panel["title"]), "panel")
            at = panel["gridPos"]
            check(at["x"] >= 0 and at["x"] + at["w"] <= 24, f"{panel['title']} is beside the grid")
            cells = {
                (x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])
            }
            check(not cells & taken, f"{panel['title']} lies on another")
            taken |= cells
            # A row has no query; its panels follow it.
            for target in () if panel["type"] == "row" else panel["targets"]:
                self._check_source(target["datasource"]["uid"])
                check(bool(target["refId"]) and bool(target["rawSql"]), "target")

    def _check_source(self, uid: str) -> None:
        known = {source["uid"] for source in self.sources.values()} | {EXPRESSION}
        check(uid in known, f"data source {uid} not found", 404)

    def _put_group(self, folder: str, group: str, body: Json) -> Json:
        check(set(body) == {"title", "folderUid", "interval", "rules"}, "fields of a rule group")
        check((body["folderUid"], body["title"]) == (folder, group), "names of a rule group")
        check(folder in self.folders, "folder does not exist", 404)
        check(body["interval"] % 10 == 0, "interval must be a multiple of 10")
        check(len({rule["uid"] for rule in body["rules"]}) == len(body["rules"]), "uid conflict", 409)
        check(len({rule["title"] for rule in body["rules"]}) == len(body["rules"]), "title conflict", 409)
        for rule in body["rules"]:
            check(set(rule) >= RULE_NEEDS, f"missing {RULE_NEEDS - set(rule)}")
            check(bool(UID.fullmatch(rule["uid"])), "invalid uid")
            check(rule["condition"] in {one["refId"] for one in rule["data"]}, "condition is no query")
            check(rule["noDataState"] in ("OK", "Alerting", "NoData", "KeepLast"), "noDataState")
            check(rule["execErrState"] in ("OK", "Alerting", "Error", "KeepLast"), "execErrState")
            check(all(isinstance(one, str) for one in rule["annotations"].values()), "annotations")
            for name in ("for", "keep_firing_for"):
                check(bool(rule[name]) and bool(DURATION.fullmatch(rule[name])), f"{name} is no duration")
            for one in rule["data"]:
                self._check_source(one["datasourceUid"])
                span = one["relativeTimeRange"]
                ranged = one["datasourceUid"] == EXPRESSION or span["from"] > span["to"] >= 0
                check(ranged, "invalid relative time range")
        kept: Json = json.loads(json.dumps(body))
        for number, rule in enumerate(kept["rules"]):
            rule |= {"id": number, "updated": "2026-11-21T10:00:00Z", "isPaused": False}
            for one in rule["data"]:
                one["model"] |= {"intervalMs": 1000, "maxDataPoints": 43200}
        self.groups[folder, group] = kept
        self.writes.append(f"rule group {group}")
        return kept


class _Handler(BaseHTTPRequestHandler):
    grafana: FakeGrafana

    def _do(self) -> None:
        self.grafana.requests += 1
        self.grafana.wait.wait(10)
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        status, text, headers = self._answered(body)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def _answered(self, body: bytes) -> tuple[int, bytes, dict[str, str]]:
        if self.grafana.next_answers:
            return self.grafana.next_answers.pop(0)
        try:
            check(self.path.startswith("/grafana/api/"), "Not found", 404)
            check(self.headers.get("Authorization") == f"Bearer {TOKEN}", "Invalid API key", 401)
            path = self.path.removeprefix("/grafana/api")
            answer = self.grafana.answer(self.command, path, json.loads(body) if body else None)
        except Refused as refused:
            return refused.status, json.dumps({"message": refused.message}).encode(), {}
        return 200, json.dumps(answer).encode(), {"Content-Type": "application/json"}

    do_GET = do_POST = do_PUT = _do  # noqa: N815 - the names that http.server looks for

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def grafana() -> Iterator[FakeGrafana]:
    """A Grafana with nothing in it, on a port of its own, below a path."""
    fake = FakeGrafana()
    handler = type("Handler", (_Handler,), {"grafana": fake})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_port}/grafana"
    yield fake
    fake.wait.set()
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture
def publish(touchline: Command, grafana: FakeGrafana) -> Command:
    """Publish to the Grafana of the test."""
    return lambda *arguments: touchline(
        *("dashboards", "publish", "--url", grafana.url, "--token", TOKEN), *arguments
    )
