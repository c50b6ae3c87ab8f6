"""Packages that an import does without."""

import importlib
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from touchline.store.import_blocker import imports_blocked


def test_only_the_thread_that_blocks_a_package_misses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another thread imports it meanwhile, since it may need it, and afterwards everyone can."""
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with ThreadPoolExecutor(1) as other:
        with imports_blocked("colorsys"):
            with pytest.raises(ImportError, match="colorsys is blocked here"):
                importlib.import_module("colorsys")
            assert other.submit(importlib.import_module, "colorsys").result(10).__name__ == "colorsys"
        del sys.modules["colorsys"]
        assert importlib.import_module("colorsys").__name__ == "colorsys"
