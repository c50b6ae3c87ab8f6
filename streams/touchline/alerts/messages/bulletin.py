"""A bulletin: a report that a channel sends, such as the weekly digest."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulletin:
    """A report to send. `sent_at` is ms since 1970.

    Attributes:
        key: Its identity, such as `weekly.2026-W48`: receivers deduplicate by it.
        subject: One line without control characters.
        summary: The most important of it, as a few plain lines.
        text: All of it, as Markdown.
        html: All of it, as a page of HTML.
        link: The page that shows it; empty without the address of the live page.
        sent_at: When it is sent.
    """

    key: str
    subject: str
    summary: str
    text: str
    html: str
    link: str
    sent_at: int
