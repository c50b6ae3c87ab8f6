"""The jobs of reports: the digest reaches each channel once, also after crashes; audits are kept."""

import socket
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from tests.reports.shop import END, NEWEST
from touchline.config.rule_packs import load_rules
from touchline.config.settings import Settings
from touchline.measures import Ask
from touchline.reports.audit.audit import Audit
from touchline.reports.saved import AUDIT, WEEKLY, last_report, sent_to
from touchline.reports.weekly.digest import Digest
from touchline.runtime.alerting.queries import Insert
from touchline.services.jobs.reports import audit, weekly
from touchline.store import Store
from touchline.vocabulary.durations import DAY, HOUR, WEEK

ALERTS = """
channels:
  mail: {{kind: email, host: 127.0.0.1, port: {port}, sender: touchline@shop.example, to: [cx@shop.example]}}
  desk: {{kind: email, host: 127.0.0.1, port: 1, timeout: 1s, sender: a@shop.example, to: [b@shop.example]}}
digest: [mail, desk]
"""


class Mailbox:
    """Keeps the mails that it is handed."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, list[EmailMessage]]]:
    """Settings whose channels are a mail server that works and one that does not; and what the first got."""
    box = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    file = tmp_path_factory.mktemp("digest") / "alerts.yaml"
    file.write_text(ALERTS.format(port=port))
    yield Settings(alerts=file, public_url="https://live.example"), box.mails
    server.stop()


def test_the_digest_reaches_each_channel_once(
    shop_store: Store, ask: Ask, box: tuple[Settings, list[EmailMessage]]
) -> None:
    """Runs before the week is settled send nothing; then one does, later ones do not, nor after a restart."""
    settings, mails = box
    run = weekly(settings, load_rules).run
    run(ask, shop_store.insert, END + 5 * HOUR)
    assert [mail["Message-ID"] for mail in mails] == ["<weekly.2026-W47@touchline>"]
    run(ask, shop_store.insert, END + 7 * HOUR)
    run(ask, shop_store.insert, END + 8 * HOUR)
    weekly(settings, load_rules).run(ask, shop_store.insert, END + 9 * HOUR)
    assert [mail["Message-ID"] for mail in mails[1:]] == ["<weekly.2026-W48@touchline>"]
    assert sent_to(ask, WEEKLY, END) == {"mail"}
    stored = last_report(ask, WEEKLY, END, Digest)
    assert stored is not None
    assert [voice.text for voice in stored.voices] == ["", "", ""]
    mail = mails[1]
    assert mail["Subject"] == "Week 48: 1 worse"
    text, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    for part in (text.get_content(), html.get_content()):
        assert "https://live.example/journeys?span=7d" in part
        assert "I clicked the button of basket" in part
    assert "<svg" in html.get_content()


def test_a_crash_before_the_record_sends_the_same_mail_again(
    shop_store: Store, ask: Ask, box: tuple[Settings, list[EmailMessage]]
) -> None:
    """A channel that was not recorded gets the digest again, with the same id: no digest is lost."""
    settings, mails = box
    before = len(mails)

    def crash(table: str, columns: Any, token: str) -> None:
        if table == "reports_sent":
            raise RuntimeError("the process ends here")
        shop_store.insert(table, columns, token)

    run = weekly(settings, load_rules).run
    with pytest.raises(RuntimeError):
        run(ask, crash, END - WEEK - 8 * DAY)
    run(ask, shop_store.insert, END - WEEK - 8 * DAY + HOUR)
    ids = [mail["Message-ID"] for mail in mails[before:]]
    assert ids == ["<weekly.2026-W45@touchline>"] * 2


def test_audits_are_kept_and_compared(shop_store: Store, ask: Ask) -> None:
    """Each audit is kept; the next one is compared with the last of a week ago."""
    run = audit(Settings(), load_rules).run
    run(ask, shop_store.insert, NEWEST - 8 * DAY)
    first = last_report(ask, AUDIT, NEWEST, Audit)
    run(ask, shop_store.insert, NEWEST + HOUR)
    second = last_report(ask, AUDIT, NEWEST + HOUR, Audit)
    assert first is not None
    assert second is not None
    assert (first.changes, first.weak != ()) == (None, True)
    assert second.changes is not None
    assert second.changes.until == first.until


def test_a_report_of_another_version_counts_as_none(shop_store: Store, ask: Ask) -> None:
    """A stored report that this version cannot read is left alone."""
    row: dict[str, Any] = {"kind": "old", "since": 0, "until": 1_000, "made_at": 0, "content": '{"a": 1}'}
    insert: Insert = shop_store.insert
    insert("reports", {name: [value] for name, value in row.items()}, "old")
    assert last_report(ask, "old", 2_000, Audit) is None
