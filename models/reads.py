"""Reads of stories, stored many at a time; what readers open most."""

from datetime import datetime
from typing import cast

from sqlalchemy import Table, bindparam, select, update

from models.article import Article
from models.base import db
from models.heat import Reads, both, most


def store(counted: dict[int, Reads], now: datetime) -> None:
    """Add what was counted, by article id, to the stories that are still there. The caller commits.

    A story cannot be warmer than if all its reads were of this moment: so the reads of a clock that ran ahead do not
    keep it on top once the clock is right.

    Past the ORM on purpose: a read is no edit, and must not empty the page cache.
    """
    columns = Article.id, Article.reads, Article.heat
    # In the order of the ids, so that two processes that store at once wait for each other and never both.
    found = select(*columns).where(Article.id.in_(counted)).order_by(Article.id).with_for_update()
    changes = []
    for article_id, reads, heat in db.session.execute(found):
        more = counted[article_id]
        total = reads + more.number
        warm = min(both(heat, more.heat), most(total, now))
        changes.append({"story": article_id, "reads": total, "heat": warm})
    if changes:
        table = cast(Table, Article.__table__)
        db.session.connection().execute(
            update(table)
            .where(table.c.id == bindparam("story"))
            .values(reads=bindparam("reads"), heat=bindparam("heat")),
            changes,
        )
