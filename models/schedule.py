"""What happens by itself at a moment that is known."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, select, union_all
from sqlalchemy.orm import InstrumentedAttribute

from models.article import Article, Status
from models.base import db
from models.generation import memo

AHEAD = 20  # more than happens while a memo lasts
SLOWEST = timedelta(minutes=1)  # a page that began so long before the memo may still ask it


def next_change(now: datetime) -> datetime | None:
    """When the next scheduled story comes out, or the next story of patrons becomes free."""

    def coming() -> list[datetime]:
        since = now - SLOWEST
        moments = (_later(Article.published_at, since), _later(Article.free_from, since))
        return sorted(db.session.scalars(union_all(*(select(later.subquery()) for later in moments))))

    return next((at for at in memo("coming changes", coming) if at > now), None)


def _later(moment: InstrumentedAttribute[datetime | None], now: datetime) -> Select[Any]:
    """The next moments of one kind."""
    later = select(moment.label("at")).where(Article.status == Status.PUBLISHED, moment > now)
    return later.order_by(moment).limit(AHEAD)
