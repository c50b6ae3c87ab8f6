"""What a broker of one's own needs to be reached as a managed one is: certificates, a user and a password."""

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

USER: Final = "touchline"

_DAYS: Final = "3650"


class Security(NamedTuple):
    """Files in a folder, and the password of `USER`.

    `ca` is what the broker proves itself by; `certificate` and `key` are of a client that it trusts.
    """

    ca: Path
    broker: Path
    certificate: Path
    key: Path
    password: str


def security_in(folder: Path, run: Callable[[list[str]], None]) -> Security:
    """What is in the folder, made if it is not there; `run` runs a command of openssl's."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    password, broker = folder / "password", folder / "broker.pem"
    ca, certificate = folder / "broker.crt", folder / "client.crt"
    if not password.exists():
        for made in (ca, certificate):
            key = made.with_suffix(".key")
            new = ["req", "-x509", "-nodes", "-days", _DAYS, "-subj", f"/CN={USER}"]
            new += ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
            run([*new, "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(made)])
        broker.write_bytes(ca.with_suffix(".key").read_bytes() + ca.read_bytes())
        password.write_text(secrets.token_urlsafe())
    return Security(ca, broker, certificate, certificate.with_suffix(".key"), password.read_text())
