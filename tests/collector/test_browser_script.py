"""The browser script over HTTP."""

import gzip
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import pytest

Serve = Callable[..., Any]

KINDS = {
    "touchline.js": "text/javascript",
    "touchline.mjs": "text/javascript",
    "touchline.d.mts": "text/plain",
}


@pytest.mark.parametrize("name", KINDS)
def test_the_script_is_served_to_pages_of_any_site(serve: Serve, name: str) -> None:
    """It needs no key, may be cached, and is compressed where the browser takes that."""
    served = serve()
    served.keys.create("crm")
    content = files("touchline.collector").joinpath("browser", name).read_bytes()
    plain = served.http.request("GET", f"{served.url}/{name}", headers={"Accept-Encoding": "identity"})
    assert (plain.status, plain.data) == (200, content)
    assert "Content-Encoding" not in plain.headers
    assert plain.headers["Content-Type"] == f"{KINDS[name]}; charset=utf-8"
    assert plain.headers["Cache-Control"] == "public, max-age=3600, stale-while-revalidate=86400"
    assert plain.headers["Access-Control-Allow-Origin"] == "*"
    assert plain.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    packed = served.http.request(
        "GET", f"{served.url}/{name}", headers={"Accept-Encoding": "br, gzip"}, decode_content=False
    )
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(packed.data) == content


@pytest.mark.parametrize("tag", ["{}", "W/{}", '"other", {}', '"other", W/{}'])
def test_an_unchanged_script_is_not_sent_again(serve: Serve, tag: str) -> None:
    """A browser that has it gets 304 and no body; with another tag it gets the script."""
    served = serve()
    url = f"{served.url}/touchline.js"
    first = served.http.request("GET", url)
    known = {"If-None-Match": tag.format(first.headers["ETag"])}
    again = served.http.request("GET", url, headers=known)
    assert (again.status, again.data, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert served.http.request("GET", url, headers={"If-None-Match": '"other"'}).status == 200
    assert served.http.request("HEAD", url).status == 200
    assert served.http.request("POST", url).status == 405
