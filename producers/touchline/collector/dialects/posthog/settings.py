"""What the browser library asks for beside sending: its settings and feature flags. Both are constant."""

from typing import Any, Final

import orjson

from touchline.collector.dialects.dialect import Answer, Received

_KEPT: Final = {"Cache-Control": "public, max-age=300"}

CONFIG: Final[dict[str, Any]] = {
    # Without it, bodies are plain application/json, for which a browser asks first.
    "supportedCompression": ["gzip", "gzip-js"],
    # Saves the request for them.
    "hasFeatureFlags": False,
    "sessionRecording": False,
    "surveys": False,
    "heatmaps": False,
    "capturePerformance": False,
    "autocapture_opt_out": False,
    "isAuthenticated": False,
    "siteApps": [],
    "toolbarParams": {},
}
"""What the collector takes: events, and no recordings, surveys or heat maps."""

FLAGS: Final[dict[str, Any]] = {
    **CONFIG,
    "flags": {},
    "featureFlags": {},
    "featureFlagPayloads": {},
    "errorsWhileComputingFlags": False,
}
"""No feature flags, in the forms of all versions."""


def config(received: Received) -> Answer:
    """The settings of a project, as JSON."""
    return Answer(orjson.dumps(CONFIG), headers=_KEPT)


def config_script(received: Received) -> Answer:
    """The settings of a project, as a script that leaves them where the library looks for them."""
    key = orjson.dumps(received.path.split("/")[2]).decode()
    setting = orjson.dumps({"config": CONFIG, "siteApps": []}).decode()
    script = f"(window._POSTHOG_REMOTE_CONFIG = window._POSTHOG_REMOTE_CONFIG || {{}})[{key}] = {setting};\n"
    return Answer(script.encode(), media_type="text/javascript", headers=_KEPT)


def flags(received: Received) -> Answer:
    """The feature flags of a customer."""
    return Answer(orjson.dumps(FLAGS))
