"""Receives Touchline's webhooks, checks their signature, and logs each notification once.

Run it with the secret of the channel in WEBHOOK_SECRET; the first argument is the port:

    WEBHOOK_SECRET=… python webhook_receiver.py 8090
"""

import hmac
import json
import logging
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = os.environ["WEBHOOK_SECRET"].encode()
OLDEST_SECONDS = 300
LONGEST_BODY = 1_000_000
seen: set[str] = set()
"""Deliveries that came already. A real receiver keeps them in its database, with the incident."""


def genuine(timestamp: str, body: bytes, signature: str) -> bool:
    """Whether the sender has the secret, and sent the request just now."""
    expected = hmac.new(SECRET, timestamp.encode() + b"." + body, "sha256").hexdigest()
    same = hmac.compare_digest(f"sha256={expected}".encode(), signature.encode())
    return same and timestamp.isdigit() and abs(time.time() - int(timestamp)) <= OLDEST_SECONDS


class Receiver(BaseHTTPRequestHandler):
    """Answers 204 to a genuine request, also to a repeated one, and 401 to others."""

    timeout = 10

    def do_POST(self) -> None:
        """Take one notification."""
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > LONGEST_BODY:
            self.answer(413)
            return
        body = self.rfile.read(int(length))
        timestamp = self.headers.get("X-Touchline-Timestamp", "")
        if not genuine(timestamp, body, self.headers.get("X-Touchline-Signature", "")):
            self.answer(401)
            return
        delivery = self.headers.get("X-Touchline-Delivery", "")
        if delivery not in seen:
            seen.add(delivery)
            given = json.loads(body)
            logging.info("%s %s %s", given["type"], given.get("status", ""), given["subject"])
        self.answer(204)

    def answer(self, status: int) -> None:
        """Answer without a body."""
        self.send_response(status)
        self.end_headers()


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stdout, format="%(message)s", level=logging.INFO)
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
