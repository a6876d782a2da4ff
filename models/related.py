"""Stories that go with a story."""

from datetime import datetime

from sqlalchemy import func, select

from models.article import Article, article_tag
from models.base import db


def related_to(article: Article, now: datetime, limit: int = 3) -> list[Article]:
    """Published stories that share this one's tags, those with most in common first; as cards, without a text."""
    own = select(article_tag.c.tag_id).where(article_tag.c.article_id == article.id)
    shared = (
        select(article_tag.c.article_id, func.count().label("tags"))
        .where(article_tag.c.tag_id.in_(own), article_tag.c.article_id != article.id)
        .group_by(article_tag.c.article_id)
        .subquery()
    )
    cards = Article.cards(now).join(shared, shared.c.article_id == Article.id).order_by(None)
    cards = cards.order_by(shared.c.tags.desc(), Article.published_at.desc(), Article.id.desc())
    return Article.with_bylines(list(db.session.scalars(cards.limit(limit))))
