"""A real collector for the requests of other products' clients."""

from tests.collector.conftest import Serve, serve

__all__ = ["Serve", "serve"]
