"""What happens by itself at a moment that is known."""

from datetime import datetime, timedelta

from sqlalchemy import select

from models.article import Article, Status
from models.base import db
from models.generation import memo

AHEAD = 20  # more stories than come out while a memo lasts
SLOWEST = timedelta(minutes=1)  # a page that began so long before the memo may still ask it


def next_story(now: datetime) -> datetime | None:
    """When the next scheduled story comes out."""

    def coming() -> list[datetime]:
        since = now - SLOWEST
        later = select(Article.published_at).where(Article.status == Status.PUBLISHED, Article.published_at > since)
        return [at for at in db.session.scalars(later.order_by(Article.published_at).limit(AHEAD)) if at]

    return next((at for at in memo("coming stories", coming) if at > now), None)
