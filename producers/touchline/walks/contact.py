"""How far a contact option is from a page, in clicks: a search, breadth first, by a real browser."""

import re
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import unquote, urldefrag, urlsplit

from touchline.vocabulary.wording import counted
from touchline.walks.browser import Browser, Link, PageFailed
from touchline.walks.declaration import ContactWithin, Walk

PAGE_SECONDS = 30.0
"""How long one page may take to load while the search goes on."""

_FILES = re.compile(
    r"\.(?:pdf|zip|gz|docx?|xlsx?|pptx?|csv|jpe?g|png|gif|svg|webp|mp[34]|exe|dmg|apk)\Z", re.I
)


def is_contact(link: Link, words: Iterable[str]) -> bool:
    """Whether a word begins a word of the link's text or path, or is its scheme, such as `tel:`."""
    try:
        path = unquote(urlsplit(link.address).path)
    except ValueError:
        path = ""
    texts = f"{link.text} {path.replace('_', ' ')}".casefold()
    for word in words:
        if word.endswith(":"):
            if link.address.casefold().startswith(word.casefold()):
                return True
        elif re.search(rf"(?<!\w){re.escape(word.casefold())}", texts):
            return True
    return False


def seek_contact(wanted: ContactWithin, walk: Walk, browser: Browser, left: Callable[[], float]) -> None:
    """Return if a contact option is near enough.

    Args:
        wanted: What is sought, and from which page.
        walk: Pages beyond its hosts are not opened.
        browser: Opens the pages.
        left: The seconds that are left.

    Raises:
        PageFailed: no contact option was found; the message says how many pages were opened.
    """
    start = walk.address(wanted.page)
    level, seen, opened = [start], {start}, 0
    for _ in range(wanted.clicks):
        following: list[str] = []
        for address in level:
            if opened == wanted.pages or left() <= 0:
                raise PageFailed(_not_found(wanted, opened, "there are more, which were not opened"))
            opened += 1
            try:
                page = browser.load(address, min(left(), PAGE_SECONDS))
            except PageFailed:
                if address == start:
                    raise
                continue
            if not walk.covers(page.address):
                if address == start:
                    raise PageFailed(f"leads to {page.where}, which is not on the walk's hosts")
                continue
            links = browser.links()
            if any(is_contact(link, wanted.words) for link in links):
                return
            for target in _targets(links, walk):
                if target not in seen:
                    seen.add(target)
                    following.append(target)
        level = following
    raise PageFailed(_not_found(wanted, opened, "no more are near enough"))


def _targets(links: Iterable[Link], walk: Walk) -> Iterator[str]:
    for link in links:
        address = urldefrag(link.address).url
        if walk.covers(address) and not _FILES.search(urlsplit(address).path):
            yield address


def _not_found(wanted: ContactWithin, opened: int, rest: str) -> str:
    clicks = counted(wanted.clicks, "click")
    return (
        f"no contact option within {clicks} of {wanted.page}: no link or button of {counted(opened, 'page')} "
        f"has one of the words {', '.join(wanted.words)}; {rest}"
    )
