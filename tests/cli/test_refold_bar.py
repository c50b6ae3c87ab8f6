"""The progress bar of a refold of every customer."""

import io
import sys

import pytest

from touchline.cli.refold_bar import refold_bar


class Terminal(io.StringIO):
    """What standard error is for a person."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_how_far_the_refold_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bar appears with the first progress and counts identifiers; without progress there is none."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with refold_bar():
        pass
    assert "Refolding" not in terminal.getvalue()
    with refold_bar() as move:
        assert move is not None
        move(1, 2)
        move(2, 2)
    assert "Refolding every customer" in terminal.getvalue()
    assert "2/2" in terminal.getvalue()


def test_without_a_terminal_there_is_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a file or a pipe, the progress is logged instead."""
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with refold_bar() as move:
        assert move is None
