"""`flask search-index`: make the index of search, and what is related to what, anew from the stories."""

import sys

import click
from flask.cli import with_appcontext
from sqlalchemy import func, select
from tqdm import tqdm

from models import Article, SearchEntry, begin_write, db, related, search_index
from models.article import Status


def rebuild(*, quiet: bool = False) -> int:
    """Go through all stories, oldest first, a batch to a transaction: readers go on reading, editors wait for one.

    Returns how many stories the index has then. Safe to stop and to start again.
    """
    ids = list(db.session.scalars(select(Article.id).order_by(Article.published_at, Article.id)))
    steps = (("Words", search_index.index), ("Related", related.relate))
    for name, step in steps:  # whole rounds: what is related is asked of the whole index
        with tqdm(total=len(ids), desc=name, unit=" stories", disable=quiet or not sys.stderr.isatty()) as bar:
            for start in range(0, len(ids), search_index.BATCH):
                batch = ids[start : start + search_index.BATCH]
                begin_write()
                step(batch)
                db.session.commit()
                bar.update(len(batch))
    return db.session.scalar(select(func.count()).select_from(SearchEntry)) or 0


def fill_if_empty() -> None:
    """Make the index of a magazine that had stories before it had search."""
    out = select(Article.id).where(Article.status == Status.PUBLISHED, Article.published_at.is_not(None))
    if db.session.scalar(select(SearchEntry.place).limit(1)) is None and db.session.scalar(out.limit(1)) is not None:
        rebuild(quiet=True)


@click.command("search-index")
@with_appcontext
def search_index_command() -> None:
    """Make the search index anew. Only needed after rows were changed by hand; a saved story keeps it up to date."""
    number = rebuild()
    click.echo(f"The index has {number:,} {'story' if number == 1 else 'stories'}.")
