"""Put the demo magazine into the database, in one transaction. What is there already is left as it is."""

import shutil
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from blueprints.login import hash_password
from blueprints.ops.demo.reading import FOLDER, SIGN_INS, Demo, Story, read
from models import (
    Account,
    Article,
    Author,
    Category,
    Donation,
    Offer,
    Payment,
    Picture,
    Publication,
    Tag,
    begin_write,
    db,
)
from models.money import Money
from models.patronage import ONE_YEAR, DonationStatus, Frequency
from models.payment import PaymentKind

PATRON = "patron@upstairs.example"


def is_empty() -> bool:
    """Whether nobody has begun here: no story and no account."""
    return not (db.session.scalar(select(Article.id).limit(1)) or db.session.scalar(select(Account.id).limit(1)))


def load(data: Path, passwords: dict[str, str], now: datetime) -> Counter[str]:
    """Load what is missing and commit; returns what was made, by kind. `passwords` by the names of their settings."""
    demo = read(now)
    accounts = [
        Account(
            email=email, name=name, role=role, password_hash=hash_password(passwords[setting]), email_verified_at=now
        )
        for setting, (email, name, role) in SIGN_INS.items()
    ]
    made: Counter[str] = Counter()
    made["files"] += copy(FOLDER / "drawings", data / "media", "*.svg")
    made["files"] += copy(FOLDER / "files", data / "files", "*.pdf")
    begin_write()
    keep_parts(demo, made)
    keep_stories(demo.stories, made)
    keep_series(demo, made)
    keep_offer(demo, made)
    for account in missing(accounts, "email", made, "accounts"):
        if account.email == PATRON:
            add_gift(account, now)
    db.session.commit()
    return +made  # only what is not zero


def copy(source: Path, target: Path, pattern: str) -> int:
    """Copy what is not there yet."""
    target.mkdir(parents=True, exist_ok=True)
    new = [file for file in sorted(source.glob(pattern)) if not (target / file.name).exists()]
    for file in new:
        shutil.copyfile(file, target / file.name)
    return len(new)


def missing(rows: Sequence[Any], name: str, made: Counter[str], kind: str) -> list[Any]:
    """Add the rows whose `name` (a column that tells them apart) is not taken, and return them."""
    if not rows:
        return []
    taken = set(db.session.scalars(select(getattr(type(rows[0]), name))))
    new = [row for row in rows if getattr(row, name) not in taken]
    db.session.add_all(new)
    db.session.flush()
    made[kind] += len(new)
    return new


def keep_parts(demo: Demo, made: Counter[str]) -> None:
    missing(demo.categories, "slug", made, "categories")
    missing(demo.authors, "slug", made, "authors")
    missing(demo.tags, "slug", made, "tags")
    missing(demo.pictures, "key", made, "drawings")
    missing(demo.pages, "slug", made, "pages")
    missing(demo.terms, "hanzi", made, "glossary terms")
    missing(demo.tips, "subject", made, "tips")
    publication = Publication.get()
    if not any((publication.motto, publication.colophon, publication.publisher, publication.email)):
        for name, words in demo.publication.items():
            setattr(publication, name, words)
        db.session.add(publication)
        made["publishers"] += 1


def keep_stories(stories: list[Story], made: Counter[str]) -> None:
    new = missing([story.article for story in stories], "slug", made, "articles")
    tags = {tag.name: tag for tag in db.session.scalars(select(Tag))}
    authors = {author.slug: author for author in Author.in_order()}
    categories = {category.slug: category for category in Category.in_order()}
    for story in (story for story in stories if story.article in new):
        article = story.article
        article.category, article.picture = categories[story.category], Picture.by_key(story.picture)
        article.tags = [tags[name] for name in story.tags if name in tags]
        article.set_authors([authors[slug] for slug in story.authors])
        for comment, replies in story.comments:
            comment.article_id = article.id
            db.session.add(comment)
            db.session.flush()
            for reply in replies:
                reply.article_id, reply.parent_id = article.id, comment.id
            db.session.add_all(replies)
        for correction in story.corrections:
            correction.article_id = article.id
        db.session.add_all(story.corrections)


def keep_series(demo: Demo, made: Counter[str]) -> None:
    """A series that is new takes its stories, except those that somebody has put into another."""
    new = missing([series for series, _ in demo.series], "slug", made, "series")
    for series, slugs in demo.series:
        parts = {story.slug: story for story in db.session.scalars(select(Article).where(Article.slug.in_(slugs)))}
        for place, slug in enumerate(slugs, start=1):
            if series in new and slug in parts and not parts[slug].series_id:
                parts[slug].series, parts[slug].series_position = series, place


def keep_offer(demo: Demo, made: Counter[str]) -> None:
    missing([demo.offer], "slug", made, "offers")
    offer = db.session.scalars(select(Offer).where(Offer.slug == demo.offer.slug)).one()
    editions = {code.text: slugs for code, slugs in demo.codes}
    for code in missing([code for code, _ in demo.codes], "text", made, "codes"):
        code.editions = [edition for edition in offer.editions if edition.slug in editions[code.text]]


def add_gift(account: Account, now: datetime) -> None:
    """A patron's first gift. A sample: no Stripe knows it, and its payment says so."""
    given_at = now - timedelta(days=12)
    gift = Donation(
        email=account.email,
        account_id=account.id,
        frequency=Frequency.ONCE,  # only Stripe could stop a repeating one
        amount=Money(6000, "EUR"),
        status=DonationStatus.PAID,
        created_at=given_at,
        paid_at=given_at,
        patron_until=given_at + ONE_YEAR,
    )
    db.session.add(gift)
    db.session.flush()
    db.session.add(
        Payment(
            kind=PaymentKind.CHARGE,
            stripe_id="demo_first_gift",
            amount=Money(6000, "EUR"),
            donation_id=gift.id,
            card="Sample, no card",
            moved_at=given_at,
        )
    )
