"""When a consumer counts as stalled, with an injected clock."""

from touchline.runtime.faust_adapter import TopicPartition
from touchline.runtime.progress import FLUSH_STALL_FACTOR, Progress


def test_it_stalls_when_records_wait_and_no_offset_moves() -> None:
    """A moving offset, an empty topic and a new assignment restart the time; a flush lengthens it."""
    now = 0.0
    progress = Progress(60.0, lambda: now)
    first = TopicPartition("touchpoints", 0)
    progress.observe({first: 1}, waiting=True)
    now = 61.0
    progress.observe({first: 1}, waiting=True)
    assert progress.is_stalled(flushing=False)
    assert not progress.is_stalled(flushing=True)
    progress.observe({first: 2}, waiting=True)
    assert not progress.is_stalled(flushing=False)
    now = 122.0
    progress.observe({first: 2}, waiting=False)
    assert not progress.is_stalled(flushing=False)
    now = 183.0
    assert progress.is_stalled(flushing=False)
    progress.restart()
    assert not progress.is_stalled(flushing=False)
    now = 183.0 + 60.0 * FLUSH_STALL_FACTOR + 1
    assert progress.is_stalled(flushing=True)
