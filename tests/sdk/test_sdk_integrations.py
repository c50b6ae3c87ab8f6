"""The middlewares bind each request's customer and circumstances, with the real frameworks."""

import asyncio
import json
import subprocess
import sys
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from touchline.sdk import Limits, Memory, Touchline
from touchline.sdk.binding import BOUND
from touchline.sdk.integrations import asgi, wsgi
from touchline.sdk.integrations.requests import MOST_CHARACTERS, request_context


def test_importing_the_middlewares_loads_no_framework() -> None:
    """None of the modules imports its framework."""
    program = """
import sys
before = set(sys.modules)
from touchline.sdk.integrations import asgi, celery, django, wsgi
print(*sorted({name.split(".")[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)))
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.split() == ["orjson", "touchline", "uuid_utils"]


async def test_asgi_binds_each_request(quick: Limits) -> None:
    """Simultaneous requests have their own customer, path and id; afterwards nothing is bound."""
    memory = Memory()
    calls = 0
    with Touchline(memory, source="shop", limits=quick) as tl:

        async def view(request: Request) -> PlainTextResponse:
            await asyncio.sleep(0.01)
            if request.url.path != "/quiet":
                tl.track("page.viewed", page=request.url.path)
                tl.track("page.viewed", page=request.url.path)
            return PlainTextResponse("ok")

        def identify(scope: Any) -> dict[str, str]:
            nonlocal calls
            calls += 1
            return {"account": scope["path"].strip("/")}

        app = Starlette(routes=[Route("/{name}", view)])
        app.add_middleware(asgi.TouchlineMiddleware, identify=identify)

        async def ask(path: str) -> None:
            async def receive() -> dict[str, Any]:
                return {"type": "http.request", "body": b"", "more_body": False}

            async def send(message: Any) -> None:
                assert message.get("status", 200) == 200

            headers = [(b"x-request-id", b"r-1")] if path == "/a" else []
            scope = {"type": "http", "method": "GET", "path": path, "headers": headers, "query_string": b""}
            await app(scope, receive, send)

        await asyncio.gather(ask("/a"), ask("/b"), ask("/quiet"))
        assert await tl.aflush(5)
    assert calls == 2, "the customer is looked up once, and only where an event needs it"
    assert BOUND.get() is None
    assert len(memory.events) == 4
    for event in memory.events:
        assert event["identifiers"] == {"account": event["data"]["page"].strip("/")}
        assert (event["context"]["method"], event["context"]["path"]) == ("GET", event["data"]["page"])
    by_page = {event["data"]["page"]: event["context"]["request_id"] for event in memory.events}
    assert by_page["/a"] == "r-1"
    assert len(by_page["/b"]) == 36


async def test_asgi_binds_requests_and_websockets_alone() -> None:
    """A WebSocket is bound like a request; the application's own start and end are not."""
    contexts: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        bound = BOUND.get()
        contexts.append(bound and (bound.context["method"], bound.context["path"]))

    middleware = asgi.TouchlineMiddleware(app)
    for scope in ({"type": "lifespan"}, {"type": "websocket", "path": "/chat", "headers": []}):
        await middleware(scope, None, None)
    assert contexts == [None, ("WEBSOCKET", "/chat")]


def test_what_a_request_says_of_itself_is_cut() -> None:
    """A path or an id of any length costs no event."""
    context = request_context("GET", "/" + "p" * 1_000, "r" * 1_000)
    assert {name: len(text) for name, text in context.items()} == {
        "method": 3,
        "path": MOST_CHARACTERS,
        "request_id": MOST_CHARACTERS,
    }


def test_wsgi_binds_each_request_until_its_response_is_sent(quick: Limits) -> None:
    """With Flask, events of the view and of a streamed response have the customer; later ones have not."""
    flask = pytest.importorskip("flask")
    memory = Memory()
    with Touchline(memory, source="shop", limits=quick) as tl:
        app = flask.Flask("program")

        @app.get("/<name>")  # type: ignore[untyped-decorator]
        def view(name: str) -> Any:
            tl.track("page.viewed", page="view")

            def parts() -> Any:
                yield "a"
                tl.track("page.viewed", page="stream")

            if name == "fail":
                raise LookupError
            return flask.Response(parts())

        app.wsgi_app = wsgi.TouchlineMiddleware(
            app.wsgi_app,
            lambda environ: {"account": environ["HTTP_X_USER"]} if "HTTP_X_USER" in environ else None,
        )
        client = app.test_client()
        with client.get("/shop", headers={"X-User": "u"}) as response:
            assert response.data == b"a"
        assert BOUND.get() is None
        with client.get("/fail") as response:
            assert response.status_code == 500
        assert BOUND.get() is None
    assert [(event["data"]["page"], event["identifiers"]) for event in memory.events] == [
        ("view", {"account": "u"}),
        ("stream", {"account": "u"}),
        ("view", {}),
    ]
    assert memory.events[0]["context"]["path"] == "/shop"


def test_wsgi_closes_the_applications_response() -> None:
    """The application's own `close` is called with the request still bound; if it fails, the binding ends."""
    bound: list[Any] = []

    class Response(list[bytes]):
        def close(self) -> None:
            bound.append(BOUND.get())
            raise LookupError

    app = wsgi.TouchlineMiddleware(lambda environ, start_response: Response())
    response: Any = app({"REQUEST_METHOD": "GET"}, None)
    with pytest.raises(LookupError):
        response.close()
    assert bound != [None]
    assert BOUND.get() is None


def test_a_customer_that_cannot_be_found_costs_no_event(
    quick: Limits, caplog: pytest.LogCaptureFixture
) -> None:
    """If `identify` raises, it is logged, and the event is sent without the customer."""
    memory = Memory()
    with Touchline(memory, source="shop", limits=quick) as tl:

        def app(environ: Any, start_response: Any) -> list[bytes]:
            tl.track("page.viewed", page="/")
            return []

        def identify(environ: Any) -> Any:
            raise LookupError

        response = wsgi.TouchlineMiddleware(app, identify)({"REQUEST_METHOD": "GET"}, None)
        response.close()  # type: ignore[attr-defined]
    assert memory.events[0]["identifiers"] == {}
    assert "identify raised an exception" in caplog.text


DJANGO = """
import asyncio, json, sys
from django.conf import settings

class User:
    is_authenticated = True
    pk = 17

def users(get_response):
    def respond(request):
        if "X-User" in request.headers:
            request.user = User()
        return get_response(request)
    return respond


settings.configure(
    ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="k",
    MIDDLEWARE=["__main__.users", "touchline.sdk.integrations.django.middleware"],
)
import django
django.setup()
from django.http import HttpResponse
from django.test import AsyncClient, Client
from django.urls import path
from touchline.sdk import Touchline

tl = Touchline("memory://", source="shop")

def view(request):
    tl.track("page.viewed", page="view")
    return HttpResponse("ok")

async def async_view(request):
    await asyncio.sleep(0)
    tl.track("page.viewed", page="async")
    return HttpResponse("ok")

urlpatterns = [path("view", view), path("async", async_view)]
assert Client().get("/view", headers={"X-User": "1"}).status_code == 200
assert Client().get("/view").status_code == 200
async def main():
    answer = await AsyncClient().get("/async", headers={"X-User": "1", "X-Request-Id": "r-1"})
    assert answer.status_code == 200
asyncio.run(main())
tl.close()
print(json.dumps(tl.transport.events))
"""


def test_django_binds_each_request() -> None:
    """With Django, synchronous or not, events have the logged-in user, if there is one."""
    pytest.importorskip("django")
    command = [sys.executable, "-c", DJANGO]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    events = json.loads(done.stdout)
    assert [(event["data"]["page"], event["identifiers"]) for event in events] == [
        ("view", {"account": "17"}),
        ("view", {}),
        ("async", {"account": "17"}),
    ]
    assert events[2]["context"] == {"method": "GET", "path": "/async", "request_id": "r-1"}
