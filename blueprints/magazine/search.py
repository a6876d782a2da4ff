"""Search: what readers type, narrowed as they like, and what to do when nothing is found."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlencode

from flask import abort, current_app, request
from flask.typing import ResponseReturnValue

from blueprints import login
from blueprints.filters import sections
from blueprints.magazine import metadata
from blueprints.magazine.area import bp, house, page
from models import Article, Author, Category, Tag, archive, utcnow
from models.excerpt import results
from models.generation import memo, plain
from models.plain import cut
from models.search_text import LONGEST_QUERY, MOST_RUNS
from models.searching import Hit, Limits, asked_for, count, find, is_too_long, read_mark
from models.spelling import near_questions

PAGE = 10  # stories
COUNTED = 1000  # stories; beyond, we say "more than"
BRIEF = 60  # characters of a question in titles


class Narrowing(NamedTuple):
    """A list to choose from."""

    name: str  # in the address
    label: str
    any: str  # the choice that leaves all in
    rows: list[tuple[str, str]]  # value, name
    chosen: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A search as the address has it."""

    typed: str
    category: Category | None
    author: Author | None
    year: int | None

    @property
    def brief(self) -> str:
        """The words as a headline can hold them."""
        return cut(self.typed, BRIEF)

    @property
    def limits(self) -> Limits:
        return Limits(
            self.category.id if self.category else None,
            self.author.id if self.author else None,
            beginning_of(self.year) if self.year else None,
            beginning_of(self.year + 1) if self.year else None,
        )

    def address(self, **other: str) -> str:
        """Of this search, with what is given in place of its own; "" leaves out."""
        own = {
            "q": self.typed,
            "category": self.category.slug if self.category else "",
            "author": self.author.slug if self.author else "",
            "year": str(self.year or ""),
        }
        return "/search?" + urlencode({name: value for name, value in (own | other).items() if value})

    @property
    def everywhere(self) -> str:
        return self.address(category="", author="", year="")

    @property
    def is_narrowed(self) -> bool:
        return bool(self.category or self.author or self.year)


def beginning_of(year: int) -> datetime:
    return datetime(year, 1, 1, tzinfo=current_app.config["ZONE"])


def read() -> Asked:
    """The search asked for. What narrows it to something that is not there narrows nothing."""
    category, author, year = (request.args.get(name, "") for name in ("category", "author", "year"))
    return Asked(
        " ".join(request.args.get("q", "")[:LONGEST_QUERY].split()),
        Category.by_slug(category) if category else None,
        Author.by_slug(author) if author else None,
        int(year) if re.fullmatch("[1-8][0-9]{3}", year) else None,
    )


def begun(mark: str) -> Hit | None:
    try:
        return read_mark(mark) if mark else None
    except ValueError:
        abort(404)


@bp.get("/search")
def search() -> ResponseReturnValue:
    now, asked = utcnow(), read()
    after, runs = begun(request.args.get("after", "")), asked_for(asked.typed)
    found = find(runs, now, PAGE + 1, asked.limits, after)
    is_all = len(found) <= PAGE and not after
    title = f"{asked.brief} · Search" if asked.typed else "Search"
    head = metadata.of_list(house(), "/search", title)
    return page(
        "magazine/search.html",
        asked=asked,
        is_asked=bool(runs),
        too_long=too_long(),
        results=results(found[:PAGE], runs, login.viewer(now), now),
        number=len(found) if is_all else count(runs, now, COUNTED + 1, asked.limits),
        counted=COUNTED,
        more=asked.address(after=found[PAGE - 1].mark) if len(found) > PAGE else "",
        is_first=after is None,
        near=help_on(asked, now) if runs and not found and not after else [],
        tags=[] if found else memo("tags of late", lambda: [plain(tag) for tag in Tag.of_late(now)]),
        narrowings=narrowings(asked, now),
        title=title,
        head=metadata.hidden(head) if request.args else head,
        current="/search",
    )


def narrowings(asked: Asked, now: datetime) -> list[Narrowing]:
    authors = memo("authors", lambda: [(author.slug, author.name) for author in Article.published_authors(now)])
    years = memo("years", lambda: archive.years(current_app.config["ZONE"], now))
    categories = [(section.slug, section.name) for section in sections()]
    return [
        Narrowing("category", "Section", "All sections", categories, asked.category.slug if asked.category else ""),
        Narrowing("author", "Author", "All authors", authors, asked.author.slug if asked.author else ""),
        Narrowing("year", "Year", "All years", [(str(year), str(year)) for year in years], str(asked.year or "")),
    ]


def too_long() -> str:
    """What was left out of a question that is longer than we look at."""
    typed = request.args.get("q", "")
    if len(typed) > LONGEST_QUERY:
        return f"That is long. We looked for its first {LONGEST_QUERY} characters."
    if is_too_long(typed):
        return f"These are many words. We looked for the first {MOST_RUNS}."
    return ""


def help_on(asked: Asked, now: datetime) -> list[tuple[str, str]]:
    """(words, address) of searches that find something where this one does not."""
    return [(words, asked.address(q=words)) for words in near_questions(asked.typed, now, asked.limits)]
