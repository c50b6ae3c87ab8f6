"""Sends the weekly digest by the channels of alerts."""

from typing import Final

from touchline.alerts.channels import Undelivered, send_bulletin
from touchline.alerts.file import AlertsFile
from touchline.alerts.messages.bulletin import Bulletin
from touchline.measures import Ask
from touchline.reports.renderers.html import html_mail
from touchline.reports.renderers.markdown import markdown
from touchline.reports.report import Bullets, Paragraph, Report
from touchline.reports.saved import WEEKLY, Insert, record_sent, sent_to
from touchline.reports.weekly.digest import Digest
from touchline.reports.weekly.verbatims import with_words
from touchline.reports.weekly.writing import CHANGED, digest_report
from touchline.vocabulary.wording import plain

_LONGEST_SUBJECT: Final = 200
_LONGEST_SUMMARY: Final = 2_000


def bulletin(digest: Digest, url: str, sent_at: int) -> Bulletin:
    """The digest as channels send it.

    Args:
        digest: The digest, with customers' words.
        url: The address of the live page; empty for no links.
        sent_at: Now (ms).
    """
    report = digest_report(digest)
    base = url or None
    return Bulletin(
        key=f"weekly.{digest.week}",
        subject=plain(report.title, _LONGEST_SUBJECT),
        summary=_summary(report),
        text=markdown(report, base),
        html=html_mail(report, base),
        link=f"{url.rstrip('/')}/digest" if url else "",
        sent_at=sent_at,
    )


def send_digest(
    ask: Ask, insert: Insert, digest: Digest, file: AlertsFile, url: str, now: int
) -> dict[str, str]:
    """Send a digest to the channels of the alerts file that have not got it; return why some did not take it.

    A channel is recorded after it took the digest. After a crash in between it gets the digest again, with
    the same key. What failed is tried again by the next run, until the next digest is made.
    """
    waiting = [name for name in file.digest if name not in sent_to(ask, WEEKLY, digest.until)]
    if not waiting:
        return {}
    what = bulletin(with_words(ask, digest), url, now)
    failed = {}
    for name in waiting:
        try:
            send_bulletin(file.channels[name], what)
        except Undelivered as error:
            failed[name] = str(error)
        else:
            record_sent(insert, WEEKLY, digest.until, name, now)
    return failed


def _summary(report: Report) -> str:
    """The answer in short: the lead, and what changed."""
    lines = [report.lead]
    for block in next(section.blocks for section in report.sections if section.title == CHANGED):
        match block:
            case Paragraph(line):
                lines.append(line)
            case Bullets(items):
                lines += items
    words = (plain("".join(piece.text for piece in line), 400) for line in lines)
    return "\n".join(words)[:_LONGEST_SUMMARY]
