"""A line to a collector that may be down: a port of loopback that leads to it, or nowhere."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from socketserver import BaseRequestHandler, ThreadingTCPServer

IDLE_SECONDS = 30.0


class _Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False


@contextmanager
def line_up(port: int, to: int) -> Iterator[None]:
    """While open, what connects to a port is connected to another one."""

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            """Pass bytes on in both directions, until one side ends."""
            with closing(socket.create_connection(("127.0.0.1", to), IDLE_SECONDS)) as further:
                self.request.settimeout(IDLE_SECONDS)
                back = threading.Thread(target=_pass_on, args=(further, self.request), daemon=True)
                back.start()
                _pass_on(self.request, further)
                back.join(IDLE_SECONDS)

    with _Server(("127.0.0.1", port), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join(IDLE_SECONDS)


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while part := source.recv(65_536):
            target.sendall(part)
        target.shutdown(socket.SHUT_WR)
