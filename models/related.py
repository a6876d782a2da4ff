"""Stories that go with a story, by tags and by the words of title and standfirst. What few share brings them closer.

Worked out when a story is saved and kept, so that a reader's page asks one small question however large the magazine.
"""

from collections import defaultdict
from collections.abc import Iterable
from math import log
from typing import Any

from sqlalchemy import Double, ForeignKey, bindparam, delete, or_, select, tuple_
from sqlalchemy.orm import Mapped, mapped_column

from models import searching
from models.article import Article, Status, article_tag
from models.base import db
from models.card import NEWEST_FIRST, cards, stories
from models.search_index import article_id, insert_into, simplified
from models.search_text import Facet, Run, Tier, runs

SHOWN = 3
KEPT = 8  # stories kept for one; more than a page shows, as some may not be out yet
MOST_KEPT = 12  # for a story that many others keep
LOOKED_AT = 100  # the newest stories with a tag or word; what more have tells nothing
MOST_WORDS = 16
SHORTEST = 4  # letters
TAG_WEIGHT = 2.0  # a tag was chosen; a word may be chance
COMMON_TAG = 0.5  # what sharing a tag counts that very many stories have
FEWEST_WORDS = 2  # one word in common is no relation
LAST_PLACE = 1 << 62
# Words of every sentence, which a small magazine would take for rare.
EMPTY = set(
    """about after again also always another away back because been before behind being between both came come comes
    could does down each even ever every first from gave give goes have here hers himself into its itself just
    keep know last like long made make makes many more most much must need never next nobody none nothing often
    once only other others over people said same says should since some still such take than that their them
    then there these they thing things this those through time told took under until upon very want ways week
    well went were what when where whether which while who whom whose will with within without word words would
    year years your""".split()
)


class RelatedStory(db.Model):
    """`other` goes with `article`; the higher the score, the closer."""

    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), primary_key=True)
    other_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), primary_key=True, index=True)
    score: Mapped[float] = mapped_column(Double)


RELATED = (  # published stories that go with `story`, the closest first, as cards
    cards(stories.id == RelatedStory.other_id, RelatedStory.article_id == bindparam("story"))
    .order_by(RelatedStory.score.desc(), *NEWEST_FIRST)
    .limit(SHOWN)
)


def relate(ids: list[int]) -> None:
    """Work out what goes with these stories, and put them among what goes with others. The index knows them already;
    the caller commits."""
    out = select(Article.id, Article.title, Article.standfirst)
    out = out.where(Article.id.in_(ids), Article.status == Status.PUBLISHED, Article.published_at.is_not(None))
    tags: dict[int, list[int]] = defaultdict(list)
    for id_, tag in db.session.execute(select(article_tag).where(article_tag.c.article_id.in_(ids))):
        tags[id_].append(tag)
    holders: dict[str, list[int]] = {}
    rows: dict[tuple[int, int], float] = {}
    linked = _linked(ids)
    for id_, title, standfirst in db.session.execute(out).all():
        asked = [f"{Facet.TAG}{tag}" for tag in sorted(tags[id_])] + telling(f"{title}\n{standfirst}")
        scores = score(id_, {what: _holders(what, holders) for what in asked})
        closest = sorted(scores, key=lambda other: (-scores[other], -other))[:KEPT]
        rows |= {(id_, other): scores[other] for other in closest}
        rows |= {(other, id_): scores[other] for other in {*closest, *linked[id_]} if other in scores}
    either = or_(RelatedStory.article_id.in_(ids), RelatedStory.other_id.in_(ids))
    db.session.execute(delete(RelatedStory.__table__).where(either))
    if rows:
        kept: Any = insert_into(RelatedStory.__table__)
        given = [{"article_id": a, "other_id": b, "score": points} for (a, b), points in sorted(rows.items())]
        db.session.execute(kept.on_conflict_do_nothing(), given)
        _trim({id_ for id_, _ in rows})


def telling(text: str) -> list[str]:
    """The words that say what a story is about, as the index has them; each once."""

    def of(run: Run) -> list[str]:
        if run.is_cjk:
            return run.pairs if len(run.text) > 1 else []
        return [run.text] if len(run.text) >= SHORTEST and run.text not in EMPTY else []

    found = dict.fromkeys(word for run in runs(simplified(text)) for word in of(run))
    return [f"{Tier.LEAD}{word}" for word in found][:MOST_WORDS]


def score(of: int, holders: dict[str, list[int]]) -> dict[int, float]:
    """How close the holders of each tag and word are to the story `of`; who shares next to nothing is left out."""
    points: dict[int, float] = defaultdict(float)
    shared: dict[int, int] = defaultdict(int)
    for what, ids in holders.items():
        rarity = log((LOOKED_AT + 1) / max(1, len(ids)))
        is_tag = what.startswith(Facet.TAG)
        if not is_tag and len(ids) >= LOOKED_AT:
            continue
        for other in ids:
            points[other] += TAG_WEIGHT * (COMMON_TAG + rarity) if is_tag else rarity
            shared[other] += FEWEST_WORDS if is_tag else 1
    return {id_: round(points[id_], 4) for id_ in points if id_ != of and shared[id_] >= FEWEST_WORDS}


def _holders(what: str, known: dict[str, list[int]]) -> list[int]:
    """The newest stories with this tag or word, those to come among them; each asked for once in a batch."""
    if what not in known:
        found = searching.places(
            f"'{what}'" if searching.is_postgresql() else f'"{what}"', -LAST_PLACE, LAST_PLACE, LOOKED_AT
        )
        known[what] = [article_id(place) for place in found]
    return known[what]


def _linked(ids: list[int]) -> dict[int, set[int]]:
    """Which stories have each of these among theirs."""
    found: dict[int, set[int]] = {id_: set() for id_ in ids}
    having = select(RelatedStory.other_id, RelatedStory.article_id).where(RelatedStory.other_id.in_(ids))
    for id_, other in db.session.execute(having):
        found[id_].add(other)
    return found


def _trim(ids: Iterable[int]) -> None:
    """Leave each story its closest MOST_KEPT."""
    found = select(RelatedStory.article_id, RelatedStory.other_id).where(RelatedStory.article_id.in_(sorted(ids)))
    kept: dict[int, int] = defaultdict(int)
    over = []
    order = (RelatedStory.article_id, RelatedStory.score.desc(), RelatedStory.other_id.desc())
    for id_, other in db.session.execute(found.order_by(*order)):
        kept[id_] += 1
        if kept[id_] > MOST_KEPT:
            over.append((id_, other))
    if over:
        pair = tuple_(RelatedStory.article_id, RelatedStory.other_id)
        db.session.execute(delete(RelatedStory.__table__).where(pair.in_(over)))
