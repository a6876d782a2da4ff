"""Every address that the site has: each rule of its URL map, with what really stands there in place of parameters.

A rule without a filler is an error: whoever adds an address says here what stands at it, and the crawl walks it.
"""

import re
from collections.abc import Callable, Iterator

from flask import Flask
from werkzeug.routing import Rule

from tests.canary.corpus import Magazine

PARAMETER = re.compile(r"<(?:[^:<>]+:)?(\w+)>")
JUNK = "junk"
Filler = list[str] | Callable[[list[str]], list[str]]  # or what fits the parameters before it


class Unthought(Exception):
    """A rule has a parameter that nobody has said what stands in."""


def fillers(magazine: Magazine) -> dict[str, Filler]:
    """What fills a parameter: by the last fixed part of the path before it and its name."""
    few = {name: [str(ids[0]), str(ids[-1])] for name, ids in magazine.ids.items()}
    slugs = magazine.slugs
    return {
        "articles/slug": magazine.stories,
        "share/slug": magazine.stories,
        "category/slug": [*slugs["category"], JUNK],
        "tag/slug": [*slugs["tag"], JUNK],
        "author/slug": [*slugs["author"], JUNK],
        "series/slug": [*slugs["series"], JUNK],
        "offers/slug": slugs["offers"],
        "go/offer_slug": [*slugs["offers"], JUNK],
        "/slug": ["about", "no-such-page", *magazine.of()],
        "archive/year": ["2026"],
        "archive/number": ["11", "10"],
        "comments/comment_id": lambda before: magazine.replies.get(before[0], [])[:3] if before else few["comments"],
        "media/key": [JUNK],
        "static/filename": ["css/site.css", "js/meter.js"],
        "sitemap-/kind": ["stories", "pages", "categories", "authors", "series", "tags"],
        "sitemap--/after": ["0"],
        "mail/name": slugs.get("mail", [JUNK]),
        "orders/public_id": [*slugs["orders"], JUNK],
        "downloads/token": [JUNK],
        "link/token": [*slugs.get("links", []), JUNK],
        "reset/token": [JUNK],
        "verify/token": [JUNK],
        "delete/token": [JUNK],
        "email/token": [JUNK],
        "back/token": [JUNK],
        "passkeys/public_id": [JUNK],
        "gifts/public_id": slugs["gifts"],
        "feeds/token": [*slugs["feeds"], JUNK],  # of a gift that has ended, and one taken back
        "receipts/public_id": slugs["receipts"],
        # The desk is for staff: everybody else is sent away whatever the number is.
        "articles/article_id": few["articles"],
        "entries/entry_id": few["entries"],
        "comments/contribution_id": ["1"],
        "codes/public_id": [JUNK],
        "contributions/contribution_id": ["1"],
        "corrections/correction_id": ["1"],
        "glossary/term_id": ["1"],
        "institutions/institution_id": ["1"],
        "seats/account_id": ["1"],
        "pages/page_id": ["1"],
        "pictures/picture_id": ["1"],
        "redirects/redirect_id": ["1"],
        "authors/author_id": ["1"],
        "categories/category_id": ["1"],
        "series/series_id": ["1"],
    }


def every(app: Flask, magazine: Magazine) -> Iterator[tuple[Rule, str]]:
    """Each rule with each path it stands for. Raises Unthought."""
    known = fillers(magazine)
    for rule in app.url_map.iter_rules():
        for path in filled(rule, known):
            yield rule, path


def filled(rule: Rule, known: dict[str, Filler]) -> Iterator[str]:
    found = list(PARAMETER.finditer(rule.rule))
    names = [f"{last_part(rule.rule[: one.start()])}/{one[1]}" for one in found]
    for name in names:
        if name not in known:
            raise Unthought(f"{rule.rule}: say in tests/canary/addresses.py what stands there, as {name!r}")
    ways: list[list[str]] = [[]]
    for name in names:
        choice = known[name]
        ways = [[*way, value] for way in ways for value in (choice(way) if callable(choice) else choice)]
    for way in ways:
        values = iter(way)
        yield PARAMETER.sub(lambda _, values=values: next(values), rule.rule)  # type: ignore[misc]


def last_part(before: str) -> str:
    """ "articles" of "/articles/", and of "/archive/<year>/" the "archive": what a parameter hangs on."""
    bare = PARAMETER.sub("", before)
    return next((part for part in reversed(bare.split("/")) if part), "")


def twisted(path: str) -> Iterator[str]:
    """What is near an address: others' systems kept whole texts at such places."""
    slug = path.rpartition("/")[2]
    head = path[: -len(slug)]
    yield from (f"{path}{more}" for more in ("/", ".md", ".json", ".txt", ".html", "/amp", "/feed", "/print", "/embed"))
    yield from (f"{path}/page/2", f"{path}/comments/feed", f"{path}/email", f"{path}/preview", f"/preview{path}")
    yield head + "".join(f"%{ord(letter):02X}" for letter in slug)
    yield from (head + slug.upper(), path.replace("/articles/", "/articles//"), f"/api{path}", f"/email/{slug}")
    yield from (
        f"/{slug}",
        f"/{slug}/",
        f"/2026/11/{slug}/",
        f"/?name={slug}",
        f"/ghost/api/content/posts/slug/{slug}/",
    )
