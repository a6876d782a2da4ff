"""Addresses of the old site: one form for each, where it leads now, and the redirects that say so."""

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, unquote, urljoin, urlsplit

from flask import Flask
from werkzeug.exceptions import HTTPException

from blueprints.ops.importing.survey import Survey
from models import Redirect, db

NUMBERED = {"p", "page_id", "attachment_id", "cat", "author", "tag"}  # WordPress's addresses by number
KINDS = {"articles": "article", "category": "category", "tag": "tag", "author": "author"}  # as the survey says
SIZED = re.compile(r"-\d{1,5}x\d{1,5}(?=\.\w+$)")  # boat-300x200.jpg
EDITED = re.compile(r"-e\d{10,14}(?=[-.])")  # boat-e1612345678901.jpg
PICTURE = re.compile(r"\.(?:jpe?g|jpe|png|gif|webp|avif|svg|bmp|tiff?|heic|ico)$", re.IGNORECASE)
GHOST_SIZE = re.compile(r"/content/images/size/w\d+(?:h\d+)?(?:/format/\w+)?/")
PHOTON = re.compile(r"i\d\.wp\.com/(.+)")  # WordPress.com's picture server
LONGEST = 2_000  # characters of an address


class OldSite:
    """Where the old site stood: `link` as its export gives it, maybe in a folder of its host."""

    def __init__(self, link: str, *others: str) -> None:
        self.link = link.rstrip("/")
        self.hosts = {_host(address) for address in (link, *others) if _host(address)}
        self.folder = _path(link)

    def absolute(self, address: str) -> str:
        """An address on the web, or "" when it is none."""
        address = address.strip()
        if not address or len(address) > LONGEST:
            return ""
        try:
            whole = urljoin(self.link + "/", address)
            parts = urlsplit(whole)
            return whole if parts.scheme in {"http", "https"} and parts.hostname else ""
        except ValueError:
            return ""

    def local(self, address: str) -> str:
        """The path of an address of the old site, as redirects keep it: "/2024/05/boat", "/?p=42". Else "".

        A query that does not number a story is let go: it sorts, or tracks.
        """
        whole = self.absolute(address)
        if not whole or _host(whole) not in self.hosts:
            return ""
        path = _path(whole)
        if path in {self.folder, f"{self.folder}/index.php"}:
            numbers = [(name, value) for name, value in parse_qsl(urlsplit(whole).query) if name in NUMBERED]
            if numbers:
                return self.numbered(*numbers[0])
        return path or "/"

    def numbered(self, name: str, number: str) -> str:
        """ "/?p=42", or "/blog?p=42" for a site in a folder: as redirects are kept."""
        return f"{self.folder or '/'}?{name}={number}" if number else ""


def _host(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def _path(address: str) -> str:
    try:
        return unquote(urlsplit(address).path).rstrip("/")
    except ValueError:
        return ""


def without_scheme(address: str) -> str:
    """Host and path: "old.example/wp-content/uploads/boat.jpg". The query only asks for a size."""
    host, path = _host(address), _path(address)
    photon = PHOTON.fullmatch(f"{host}{path}")
    return photon[1].removeprefix("www.") if photon else f"{host}{path}"


def full_sized(address: str) -> list[str]:
    """What a picture's address may be without its size, the likeliest first, itself among them. Keeps the scheme."""
    bare = address.partition("?")[0]
    base = GHOST_SIZE.sub("/content/images/", bare if PICTURE.search(bare) else address)
    whole = SIZED.sub("", base)
    original = EDITED.sub("", whole.replace("-scaled.", "."))
    stem, dot, ending = whole.rpartition(".")
    return list(dict.fromkeys([whole, f"{stem}-scaled{dot}{ending}", original, base, address]))


def rewritten(href: str, site: OldSite, survey: Survey) -> str | None:
    """Where a link of a text should lead now. None: it leads to the old site, to what was not imported."""
    if not href.strip() or href.startswith("#"):
        return href
    local = site.local(href)
    if not local:
        return href
    fragment = urlsplit(href).fragment
    fragment = "comments" if re.fullmatch(r"comment-\d+|respond|comments", fragment) else fragment
    target = survey.target(local)
    if not target and local in {"/", site.folder}:
        target = "/"
    return f"{target}#{fragment}" if target and fragment else target or None


class Answers:
    """Whether the site will answer at an address by itself, so that a redirect from it would be in vain.

    Asks the survey, which has the slugs of all that is here and all that is to come as taken.
    """

    def __init__(self, app: Flask, survey: Survey) -> None:
        self.map, self.survey = app.url_map.bind("localhost"), survey

    def at(self, path: str) -> bool:
        bare = path.partition("?")[0]
        try:
            _, values = self.map.match(bare, "GET")
        except HTTPException:
            return False  # a redirect of the map's own leads to the address without its slash
        if not values:
            return path == bare  # "/?p=42" is not the front page
        first, _, slug = bare.strip("/").partition("/")
        if first in KINDS:
            return "/" in slug or self.survey.is_taken(KINDS[first], slug)
        return bool(slug) or self.survey.is_taken("page", first)


def still_needed(olds: Iterable[str], new: str, survey: Survey, answers: Answers) -> list[tuple[str, str]]:
    """The redirects that lead to `new`: from each old address that is this one's, does not answer, leads nowhere yet.

    Reads the database; `Redirect.keep` writes them, later, inside a write transaction.
    """
    wanted = [old for old in dict.fromkeys(olds) if old and len(old) <= LONGEST and old != new]
    wanted = [old for old in wanted if survey.target(old) == new and not answers.at(old)]
    if not wanted:
        return []
    kept = set(db.session.scalars(db.select(Redirect.path).where(Redirect.path.in_(wanted))))
    return [(old, new) for old in wanted if old not in kept]
