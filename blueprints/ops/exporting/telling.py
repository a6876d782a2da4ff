"""What each row says of itself in its file: plain values, ready for YAML."""

from typing import Any

from blueprints.ops.exporting import shapes
from models import Article, Code, Comment, Contribution, Correction, LiveEntry, Offer, Page, Tag


def front_of_article(article: Article) -> dict[str, Any]:
    """The story's front matter; what people look for stands first, what only the site needs stands last."""
    told = shapes.ARTICLE.told(article)
    hung = {
        "category": article.category.slug if article.category else None,
        "authors": [author.slug for author in article.authors],
        "tags": [_tag(tag) for tag in sorted(article.tags, key=lambda tag: tag.name)],
        "series": article.series.slug if article.series else None,
        "picture": article.picture.key if article.picture else None,
        "corrections": [{"date": note.noted_at, "note": note.note} for note in article.notes],
        "entries": [_entry(entry) for entry in article.entries],
    }
    order = "title standfirst slug kind status access free_from set_free date updated category authors tags "
    order += "series part lead picture picture_alt picture_caption picture_credit picture_focus "
    order += "place other_place other_zone opened closed "
    order += "corrections entries format created saved reads heat live_version imported_from id"
    whole = told | {word: value for word, value in hung.items() if value}
    return {word: whole[word] for word in order.split() if word in whole}


def _tag(tag: Tag) -> str | dict[str, str]:
    return {tag.name: tag.meaning} if tag.meaning else tag.name


def _entry(entry: LiveEntry) -> dict[str, Any]:
    return shapes.ENTRY.told(entry) | words(entry.source, entry.body_html)


def words(source: str, html: str) -> dict[str, str]:
    """A text as it was written; of one that was imported there is only the HTML."""
    return {"body": source} if source or not html else {"html": html}


def front_of_page(page: Page) -> dict[str, Any]:
    return shapes.PAGE.told(page)


def comments(rows: list[Comment], emails: dict[int, str]) -> list[dict[str, Any]]:
    """The replies to one story in threads; `emails` of accounts by their number."""
    told: dict[int, dict[str, Any]] = {}
    first: list[dict[str, Any]] = []
    for reply in rows:
        told[reply.id] = shapes.COMMENT.told(reply) | words(reply.source, reply.body_html)
        if email := emails.get(reply.account_id or 0):
            told[reply.id]["account"] = email
    for reply in rows:
        parent = told.get(reply.parent_id or 0)
        (parent.setdefault("replies", []) if parent else first).append(told[reply.id])
    return first


def correction(row: Correction) -> dict[str, Any]:
    return {"letter": "correction", "story": row.article.slug} | shapes.CORRECTION.told(row)


def contribution(row: Contribution) -> dict[str, Any]:
    return {"letter": row.kind.value} | shapes.CONTRIBUTION.told(row)


def offer(row: Offer) -> dict[str, Any]:
    """An offer with its editions. A price is in minor units, as everywhere."""
    editions = [
        shapes.EDITION.told(edition)
        | {"price": {"minor": edition.price.minor, "currency": edition.price.currency}, "facts": edition.facts}
        for edition in row.editions
    ]
    return shapes.OFFER.told(row) | {"contents": row.contents, "editions": editions}


def code(row: Code) -> dict[str, Any]:
    return shapes.CODE.told(row) | {"editions": sorted(f"{e.offer.slug}/{e.slug}" for e in row.editions)}
