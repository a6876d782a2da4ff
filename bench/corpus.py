"""A magazine to measure: the same rows every time for the same number of articles.

    python -m bench.corpus 10000 DATA

12 categories, 200 tags, 40 authors, 5 approved comments an article, one story in twenty closed to visitors. Texts are
put together from a few hundred paragraphs rendered by the magazine's own code, so that 100,000 of them take minutes.
"""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from sqlalchemy import insert
from tqdm import tqdm

from app import create_app
from bench import prose
from blueprints.ops.search_command import rebuild
from models import Article, Author, Byline, Category, Comment, Tag, begin_write, db
from models.article import Status, article_tag
from models.comment import CommentState
from models.heat import most
from models.metering import Access
from models.writing import write

NEWEST = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
APART = timedelta(minutes=37)  # between two stories: 100,000 reach back seven years
CATEGORIES, TAGS, AUTHORS, COMMENTS, PARAGRAPHS = 12, 200, 40, 5, 400
BATCH = 1000
SETTINGS = {  # a site that serves, and takes no money
    "SECRET_KEY": "for the benchmark only",
    "STRIPE_SECRET_KEY": "sk_test_bench",
    "STRIPE_WEBHOOK_SECRETS": "whsec_bench",
    "STRIPE_API_BASE": "http://127.0.0.1:1",
}


def slug(number: int) -> str:
    """The address of story `number`, counted from 1, the oldest first."""
    return f"story-{number}"


def written(pick: Random) -> list[tuple[str, str]]:
    """Paragraphs as (Markdown, HTML)."""
    sources = [prose.paragraph(pick) for _ in range(PARAGRAPHS)]
    return [(source, str(write(source).body)) for source in sources]


def articles(count: int, pick: Random, paragraphs: list[tuple[str, str]]) -> Iterator[dict[str, object]]:
    for number in range(1, count + 1):
        chosen = pick.sample(paragraphs, pick.randint(7, 15))
        at = NEWEST - APART * (count - number)
        closed = number % 20 == 0
        yield {
            "id": number,
            "slug": slug(number),
            "status": Status.PUBLISHED,
            "access": Access.MEMBERS if closed else Access.FREE,
            "title": prose.title(pick),
            "standfirst": prose.sentence(pick),
            "category_id": 1 + number % CATEGORIES,
            "source": "\n\n".join(source for source, _ in chosen),
            "body_html": "\n".join(html for _, html in chosen),
            "teaser_html": chosen[0][1],
            "minutes": len(chosen) // 3,
            "published_at": at,
            "created_at": at,
            "saved_at": at,
            "reads": (reads := pick.randrange(5000)),
            "heat": most(reads, at),
        }


def fill(count: int) -> None:
    """Write `count` articles and what hangs on them into empty tables."""
    pick = Random(7)  # noqa: S311 - the same every time, and the first stories of every size are alike
    begin_write()
    for number in range(1, CATEGORIES + 1):
        db.session.add(Category(id=number, slug=f"section-{number}", name=f"Section {number}", position=number))
    for number in range(1, AUTHORS + 1):
        db.session.add(Author(id=number, slug=f"author-{number}", name=f"Author {number}", bio=prose.sentence(pick)))
    names = [f"#{a}{b}#" for a in prose.HANZI for b in prose.HANZI if a != b]
    for number, name in enumerate(pick.sample(names, TAGS), 1):
        db.session.add(Tag(id=number, slug=f"tag-{number}", name=name))
    db.session.commit()
    paragraphs = written(pick)
    replies = [html for _, html in paragraphs if "<blockquote" not in html][:50]
    batch: list[dict[str, object]] = []
    for row in tqdm(articles(count, pick, paragraphs), total=count, unit=" articles", disable=not sys.stderr.isatty()):
        batch.append(row)
        if len(batch) == BATCH:
            keep(batch, pick, replies)
            batch = []
    if batch:
        keep(batch, pick, replies)


def keep(batch: list[dict[str, object]], pick: Random, replies: list[str]) -> None:
    ids = [row["id"] for row in batch]
    tags = [{"article_id": id_, "tag_id": tag} for id_ in ids for tag in pick.sample(range(1, TAGS + 1), 3)]
    bylines = [{"article_id": id_, "author_id": pick.randint(1, AUTHORS), "position": 0} for id_ in ids]
    comments = [
        {
            "article_id": row["id"],
            "state": CommentState.APPROVED,
            "name": f"Reader {pick.randrange(900)}",
            "email": "reader@example.org",
            "body_html": pick.choice(replies),
            "written_at": row["published_at"] + timedelta(hours=hour),  # type: ignore[operator]
        }
        for row in batch
        for hour in range(1, COMMENTS + 1)
    ]
    begin_write()
    for table, rows in ((Article, batch), (Byline, bylines), (article_tag, tags), (Comment, comments)):
        db.session.execute(insert(table), rows)
    db.session.commit()


def build(count: int, data: Path, database_url: str = "") -> Path:
    """The folder of a site with this many articles; made once, then kept."""
    done = data / f"corpus-{count}"
    if not done.exists():
        app = create_app({**SETTINGS, "DATA": data, "DATABASE_URL": database_url})
        with app.app_context():
            db.create_all()
            fill(count)
            rebuild()
            db.engine.dispose()
        done.touch()
    return data


if __name__ == "__main__":
    build(int(sys.argv[1]), Path(sys.argv[2]))
