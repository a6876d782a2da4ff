"""Reads a WordPress export (WXR) piece by piece and safely. Changes nothing and knows no table.

The format is RSS 2.0 with WordPress's own elements; its namespace carries the version, so only the end of it counts.
"""

import gzip
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, cast
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, ParseError  # noqa: S405  (types only; defusedxml does the reading)
from zoneinfo import ZoneInfo

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

CONTROLS = bytes(set(range(32)) - {9, 10, 13})  # XML 1.0 forbids them; texts pasted into WordPress hold them
LARGEST = 100_000_000  # bytes of one post with its comments
PREFIXES = (
    (re.compile(r"https?://(www\.)?wordpress\.org/export/[\d.]+/excerpt/"), "excerpt:"),
    (re.compile(r"https?://(www\.)?wordpress\.org/export/[\d.]+/"), "wp:"),
    (re.compile(r"https?://purl\.org/rss/1\.0/modules/content/"), "content:"),
    (re.compile(r"https?://purl\.org/dc/elements/1\.1/"), "dc:"),
)


class NotTaken(Exception):
    """The file cannot be imported: one sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Person:
    login: str
    name: str
    number: str  # WordPress's user id; "" in old exports


@dataclass(frozen=True, slots=True)
class Term:
    """A category or a tag; `slug` as WordPress wrote it, maybe percent-encoded."""

    kind: str  # "category", "post_tag", or another taxonomy
    slug: str
    name: str
    description: str = ""
    number: str = ""
    parent: str = ""  # the slug of the category it stands under


@dataclass(frozen=True, slots=True)
class Reply:
    number: str
    parent: str  # "0": none
    state: str  # as in wp:comment_approved
    kind: str
    name: str
    email: str
    url: str
    user: str
    at: datetime | None
    body: str


@dataclass(frozen=True, slots=True)
class Item:
    """A post, a page, or something else WordPress keeps in the same table."""

    number: str
    guid: str
    kind: str
    status: str
    title: str
    slug: str
    creator: str
    excerpt: str
    body: str
    at: datetime | None
    saved_at: datetime | None
    has_password: bool
    is_sticky: bool
    link: str
    parent: str  # the number of the item it belongs to, or "0"
    file: str  # an attachment's address
    meta: dict[str, list[str]]
    terms: tuple[Term, ...]
    replies: tuple[Reply, ...]

    def said(self, *keys: str) -> str:
        """The first of these custom fields that says something."""
        return next((value for key in keys for value in self.meta.get(key, ()) if value), "")


@dataclass(frozen=True, slots=True)
class Site:
    """What the channel says of itself; comes whenever more of it is known, at the latest before the first item."""

    title: str = ""
    link: str = ""
    others: tuple[str, ...] = ()  # further addresses of the same site


Piece = Site | Person | Term | Item


def read(path: Path, zone: ZoneInfo, tell: Callable[[int], object] = int) -> Iterator[Piece]:
    """The pieces of an export, gzipped or not; `zone` is for times that it gives in local time only. Raises NotTaken.

    What is wrong with the file shows when it is read to its end. `tell` is given the bytes read since the last piece.
    """
    try:
        with path.open("rb") as file:
            yield from _read(_filtered(file), file, zone, tell)
    except FileNotFoundError:
        raise NotTaken(f"There is no file {path}.") from None
    except IsADirectoryError:
        raise NotTaken(f"{path} is a folder, not a file.") from None
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise NotTaken(f"{path} is packed with gzip, and damaged or cut off. Download the export again.") from None
    except OSError as error:
        raise NotTaken(f"{path} cannot be read: {error.strerror}.") from None
    except DefusedXmlException:
        raise NotTaken(
            f"{path} declares a document type or entities. No WordPress export does; such a file can be an attack."
        ) from None
    except ParseError as error:
        raise NotTaken(f"{path} {_what_is_wrong(error)}") from None
    except (LookupError, ValueError):
        raise NotTaken(f"{path} is in an encoding that cannot be read. Save it as UTF-8.") from None


def _what_is_wrong(error: ParseError) -> str:
    line, column = error.position
    message = str(error)
    if message.startswith("no element found") and line == 1 and column == 0:
        return "is empty."
    if message.startswith(("no element found", "unclosed")):
        return f"is cut off: it ends in line {line}, before its end. Download the export again."
    if line == 1 and column == 0:
        return "is not XML, so it is not a WordPress export."
    return f"is not sound XML ({message.partition(':')[0]}, line {line}, column {column + 1})."


class _Filtered:
    """A file without the control characters; `taken` are the bytes since somebody last set it to 0."""

    def __init__(self, file: BinaryIO, dropped: bytes) -> None:
        self.file, self.dropped, self.taken = file, dropped, 0

    def read(self, size: int = -1) -> bytes:
        while piece := self.file.read(size):
            self.taken += len(piece)
            if self.taken > LARGEST:
                raise NotTaken(f"The file holds one post of more than {LARGEST // 1_000_000} MB. That is no post.")
            if kept := piece.translate(None, self.dropped):
                return kept
        return b""


def _filtered(file: BinaryIO) -> _Filtered:
    start = file.read(4)
    file.seek(0)
    if start[:2] == b"\x1f\x8b":
        return _Filtered(cast(BinaryIO, gzip.GzipFile(fileobj=file)), CONTROLS)
    is_utf_16 = b"\0" in start or start[:2] in {b"\xff\xfe", b"\xfe\xff"}  # has zeros
    return _Filtered(file, b"" if is_utf_16 else CONTROLS)


def _read(filtered: _Filtered, file: BinaryIO, zone: ZoneInfo, tell: Callable[[int], object]) -> Iterator[Piece]:
    version, path, at = "", [], 0
    site = Site()
    channel: Element | None = None
    for event, element in iterparse(filtered, events=("start", "end"), forbid_dtd=True):
        name = _name(element)
        if event == "start":
            path.append(name)
            if path == ["rss", "channel"]:
                channel = element
            elif len(path) == 1 and name != "rss":
                raise NotTaken("The file is XML, but not a WordPress export.")
            continue
        path.pop()
        if path != ["rss", "channel"]:
            continue
        if name == "wp:wxr_version":
            version = version or _supported(_text(element))
        elif name in {"title", "link", "wp:base_blog_url"}:
            site = _more_of(site, name, _text(element))
            yield site
        elif piece := _piece(name, element, zone):
            yield piece
        if channel is not None:
            channel.remove(element)  # what is taken need not stay in memory
        filtered.taken, before, at = 0, at, file.tell()
        tell(at - before)
    if not version:
        raise NotTaken("The file is an RSS feed, but not a WordPress export: it does not give a wp:wxr_version.")


def _supported(version: str) -> str:
    if version and not re.fullmatch(r"1\.[0-9]{1,3}", version):
        raise NotTaken(f"The file is a WordPress export of version {version[:20]}; versions 1.0 to 1.2 can be read.")
    return version


def _more_of(site: Site, name: str, text: str) -> Site:
    if name == "title":
        return replace(site, title=text)
    if name == "link":
        return replace(site, link=text.rstrip("/"))
    return replace(site, others=(*site.others, text.rstrip("/")))


def _piece(name: str, element: Element, zone: ZoneInfo) -> Piece | None:
    if name == "wp:author":
        return _person(_fields(element))
    if name in {"wp:category", "wp:tag", "wp:term"}:
        return _term(name, _fields(element))
    return _item(element, zone) if name == "item" else None


def _name(element: Element) -> str:
    return _short(str(element.tag))


@lru_cache(maxsize=1000)
def _short(tag: str) -> str:
    namespace, _, local = tag.rpartition("}")
    prefix = next((short for pattern, short in PREFIXES if pattern.fullmatch(namespace[1:])), None)
    return (prefix or (f"{namespace}:" if namespace else "")) + local


def _text(element: Element) -> str:
    return (element.text or "").strip()


def _fields(element: Element) -> dict[str, str]:
    """The texts of its children by name; of several with one name the first that says something."""
    fields: dict[str, str] = {}
    for child in element:
        fields[_name(child)] = fields.get(_name(child)) or _text(child)
    return fields


def _person(given: dict[str, str]) -> Person:
    login = given.get("wp:author_login", "")
    full = f"{given.get('wp:author_first_name', '')} {given.get('wp:author_last_name', '')}".strip()
    return Person(login, given.get("wp:author_display_name") or full or login, given.get("wp:author_id", ""))


def _term(element: str, given: dict[str, str]) -> Term:
    number = given.get("wp:term_id", "")
    if element == "wp:category":
        slug, name = given.get("wp:category_nicename", ""), given.get("wp:cat_name", "")
        about = given.get("wp:category_description", "")
        return Term("category", slug, name or slug, about, number, given.get("wp:category_parent", ""))
    if element == "wp:tag":
        slug, name = given.get("wp:tag_slug", ""), given.get("wp:tag_name", "")
        return Term("post_tag", slug, name or slug, number=number)
    slug, name = given.get("wp:term_slug", ""), given.get("wp:term_name", "")
    return Term(given.get("wp:term_taxonomy", ""), slug, name or slug, given.get("wp:term_description", ""), number)


def _item(element: Element, zone: ZoneInfo) -> Item:
    given = _fields(element)
    return Item(
        number=given.get("wp:post_id", ""),
        guid=given.get("guid", ""),
        kind=given.get("wp:post_type", ""),
        status=given.get("wp:status", ""),
        title=given.get("title", ""),
        slug=given.get("wp:post_name", ""),
        creator=given.get("dc:creator", "").strip(" <>"),
        excerpt=given.get("excerpt:encoded", ""),
        body=given.get("content:encoded", ""),
        at=instant(given.get("wp:post_date_gmt", ""), given.get("wp:post_date", ""), zone),
        saved_at=instant(given.get("wp:post_modified_gmt", ""), given.get("wp:post_modified", ""), zone),
        has_password=bool(given.get("wp:post_password")),
        is_sticky=given.get("wp:is_sticky") == "1",
        link=given.get("link", ""),
        parent=given.get("wp:post_parent", "0"),
        file=given.get("wp:attachment_url", ""),
        meta=_meta(element),
        terms=tuple(
            Term(child.get("domain", "category"), child.get("nicename", ""), _text(child) or child.get("nicename", ""))
            for child in element
            if _name(child) == "category"
        ),
        replies=tuple(_reply(_fields(child), zone) for child in element if _name(child) == "wp:comment"),
    )


def _meta(element: Element) -> dict[str, list[str]]:
    """The custom fields; one may stand several times."""
    meta: dict[str, list[str]] = {}
    for child in element:
        if _name(child) == "wp:postmeta":
            given = _fields(child)
            meta.setdefault(given.get("wp:meta_key", ""), []).append(given.get("wp:meta_value", ""))
    return meta


def _reply(given: dict[str, str], zone: ZoneInfo) -> Reply:
    return Reply(
        number=given.get("wp:comment_id", ""),
        parent=given.get("wp:comment_parent") or "0",
        state=given.get("wp:comment_approved", ""),
        kind=given.get("wp:comment_type") or "comment",
        name=given.get("wp:comment_author", ""),
        email=given.get("wp:comment_author_email", ""),
        url=web_address(given.get("wp:comment_author_url", "")),
        user=given.get("wp:comment_user_id") or "0",
        at=instant(given.get("wp:comment_date_gmt", ""), given.get("wp:comment_date", ""), zone),
        body=given.get("wp:comment_content", ""),
    )


def instant(gmt: str, local: str, zone: ZoneInfo) -> datetime | None:
    """The moment, from the time in UTC or else from the local one; None where WordPress wrote zeros or nonsense."""
    for text, where in ((gmt, UTC), (local, zone)):
        try:
            return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=where).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return None


def web_address(text: str) -> str:
    """The address when it is one of the web, else ""."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return text if parts.scheme in {"http", "https"} and parts.hostname and not re.search(r"\s", text) else ""
