"""Asking the index: which stories hold what a reader typed, the same ones in the same order on every database.

First those with all of it in title, tags or authors, then with the standfirst, then with the text; newest first in
each. That order can be explained to readers, and the index gives it from its end without sorting or counting anything.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import String, TextClause, bindparam, select, text

from models.article import Article
from models.base import db
from models.search_index import SearchWord, article_id, is_postgresql, place, simplified
from models.search_text import LONGEST_QUERY, MOST_RUNS, Facet, Run, Tier, fts5_query, question, runs, tsquery

TIERS: tuple[tuple[Tier, Tier | None], ...] = (  # each without what the one before has shown
    (Tier.NAMES, None),
    (Tier.LEAD, Tier.NAMES),
    (Tier.WHOLE, Tier.LEAD),
)
MOST_EXPANSIONS = 300  # words; beyond, FTS5's own index of short prefixes is quicker
FIRST_PLACE = -(1 << 62)


@dataclass(frozen=True, slots=True)
class Limits:
    """What readers narrow a search by."""

    category_id: int | None = None
    author_id: int | None = None
    since: datetime | None = None
    before: datetime | None = None

    @property
    def facets(self) -> list[str]:
        asked = ((Facet.CATEGORY, self.category_id), (Facet.AUTHOR, self.author_id))
        return [f"{facet}{number}" for facet, number in asked if number is not None]

    def places(self, now: datetime) -> tuple[int, int]:
        """The first and the last place of stories that are out and in these years."""
        until = place(now, -1)
        if self.before is not None:
            until = min(until, place(self.before, 0) - 1)
        return (place(self.since, 0) if self.since is not None else FIRST_PLACE), until


@dataclass(frozen=True, slots=True)
class Hit:
    """A story found, and where a list goes on after it."""

    tier: Tier
    place: int

    @property
    def article_id(self) -> int:
        return article_id(self.place)

    @property
    def mark(self) -> str:
        return f"{self.tier}{self.place}"


def read_mark(mark: str) -> Hit:
    """Raises ValueError for a mark that is none."""
    number = mark[1:].removeprefix("-")
    if not number.isascii() or not number.isdigit() or len(number) > 19:
        raise ValueError(mark)
    return Hit(Tier(mark[:1]), int(mark[1:]))


def asked_for(typed: str) -> list[Run]:
    """What a reader's words ask for; empty when there is nothing to look for in them."""
    return question(simplified(typed[:LONGEST_QUERY]))


def is_too_long(typed: str) -> bool:
    """Whether some of what was typed is not looked for."""
    return len(typed) > LONGEST_QUERY or len(set(runs(simplified(typed)))) > MOST_RUNS


def find(
    asked: list[Run], now: datetime, most: int, limits: Limits | None = None, after: Hit | None = None
) -> list[Hit]:
    """The first `most` stories, or those after `after`."""
    if not asked:
        return []
    limits = limits or Limits()
    first, last = limits.places(now)
    spelled = expansions(asked)
    found: list[Hit] = []
    for tier, besides in TIERS[[tier for tier, _ in TIERS].index(after.tier) if after else 0 :]:
        upto = min(last, after.place - 1) if after and tier is after.tier else last
        query = _query(asked, tier, besides, limits, spelled)
        found += [Hit(tier, place) for place in places(query, first, upto, most - len(found))]
        if len(found) >= most:
            break
    return found


def find_by_name(asked: list[Run], now: datetime, most: int) -> list[Hit]:
    """The first `most` stories with all of it in title, tags or authors, in one statement where no prefix is asked."""
    if not asked:
        return []
    query = _query(asked, Tier.NAMES, None, Limits(), expansions(asked))
    return [Hit(Tier.NAMES, place) for place in places(query, *Limits().places(now), most)]


def count(asked: list[Run], now: datetime, most: int, limits: Limits | None = None) -> int:
    """How many stories there are, counted up to `most`."""
    if not asked:
        return 0
    limits = limits or Limits()
    query = _query(asked, Tier.WHOLE, None, limits, expansions(asked))
    first, last = limits.places(now)
    given = {"query": query, "first": first, "last": last, "most": most}
    return db.session.scalar(_statement(is_postgresql(), counted=True), given) or 0


def _query(asked: list[Run], tier: Tier, besides: Tier | None, limits: Limits, spelled: dict[str, list[str]]) -> str:
    if is_postgresql():
        return tsquery(asked, tier, besides, limits.facets)
    return fts5_query(asked, tier, besides, limits.facets, spelled)


def places(query: str, first: int, last: int, most: int) -> list[int]:
    """The last `most` places of the stories that a query of ours finds, newest first."""
    asked = {"query": query, "first": first, "last": last, "most": most}
    return list(db.session.scalars(_statement(is_postgresql()), asked))


ON_SQLITE = (
    "SELECT rowid AS place FROM search_index WHERE search_index MATCH :query AND rowid BETWEEN :first AND :last "
    "ORDER BY rowid DESC LIMIT :most"
)
ON_POSTGRESQL = (
    "SELECT place FROM search_entry WHERE words @@ CAST(:query AS tsquery) AND place BETWEEN :first AND :last "
    "ORDER BY place DESC LIMIT :most"
)


@cache
def _statement(on_postgresql: bool, *, counted: bool = False) -> TextClause:
    statement = ON_POSTGRESQL if on_postgresql else ON_SQLITE
    counting = f"SELECT count(*) FROM ({statement}) AS found"  # noqa: S608 - both are written here, above
    asked = text(counting if counted else statement)
    if not on_postgresql:
        return asked
    # The query stands in the statement itself, so that the planner knows how common its words are: common ones are
    # quickest looked for from the newest story backwards, rare ones by the index. Only our own marks and letters are
    # in it (models/search_text.py), and SQLAlchemy quotes it.
    return asked.bindparams(bindparam("query", type_=String(), literal_execute=True))


def expansions(asked: Iterable[Run]) -> dict[str, list[str]]:
    """The words that begin with each run, where a prefix is asked and SQLite asks; a run with too many is left out."""
    found: dict[str, list[str]] = {}
    for run in asked:
        if run.is_prefix and not is_postgresql():
            words = beginning(run.text, MOST_EXPANSIONS + 1)
            if len(words) <= MOST_EXPANSIONS:
                found[run.text] = words
    return found


def beginning(start: str, most: int, *, names_only: bool = False) -> list[str]:
    """Words of the index that begin so, in order."""
    known: Any = select(SearchWord.word).where(SearchWord.word >= start, SearchWord.word < start + "\U0010ffff")
    if names_only:
        known = known.where(SearchWord.is_name)
    return list(db.session.scalars(known.order_by(SearchWord.word).limit(most)))


def stories(hits: list[Hit], now: datetime, *, bylines: bool = True) -> list[Article]:
    """The stories found, in their order, as cards: without a text."""
    ids = [hit.article_id for hit in hits]
    if not ids:
        return []
    found = {story.id: story for story in db.session.scalars(Article.cards(now).where(Article.id.in_(ids)))}
    shown = [found[id_] for id_ in ids if id_ in found]
    return Article.with_bylines(shown) if bylines else shown
