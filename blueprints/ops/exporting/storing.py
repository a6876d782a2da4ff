"""Stores what was made of a folder, a batch in a transaction. Nothing is rendered, read or copied in here."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text

from blueprints.ops.exporting import shapes
from blueprints.ops.exporting.reading import Folder, Told, listed, mapping
from blueprints.ops.exporting.taking import Made
from blueprints.ops.exporting.yaml_files import NotTaken, moment
from models import (
    Account,
    Article,
    Author,
    Category,
    Code,
    Comment,
    Contribution,
    Correction,
    Edition,
    LiveEntry,
    Offer,
    Payment,
    Picture,
    Publication,
    Redirect,
    Series,
    Tag,
    db,
)
from models.account import normal_email
from models.contribution import ContributionKind
from models.money import Money
from models.slug import slugify

Row = Any


def keep(model: Any, values: dict[str, Any], column: str) -> Row:
    """The row with this value in a unique column, made or brought up to date."""
    row = db.session.scalar(select(model).where(getattr(model, column) == values[column]))
    if row is None:
        row = model(**values)
        db.session.add(row)
    else:
        for name, value in values.items():
            setattr(row, name, value)
    db.session.flush()
    return row


def store_magazine(magazine: Told) -> None:
    """Everything in magazine.yaml, inside the caller's write transaction. Safe to repeat."""
    where = "magazine.yaml"
    publication = Publication.get()
    for name, value in shapes.PUBLICATION.read(mapping(magazine.get("publication") or {}, where), where).items():
        setattr(publication, name, value)
    db.session.add(publication)
    for name in ("categories", "authors", "tags", "series", "glossary"):
        shape, column = shapes.IN_MAGAZINE[name], "hanzi" if name == "glossary" else "slug"
        for place, given in enumerate(listed(magazine, name, where)):
            row = keep(shape.model, shape.read(mapping(given, where), f"{where} ({name})"), column)
            if isinstance(row, Category):
                row.position = place
    for place, name in enumerate(listed(magazine, "board", where), 1):
        if tag := db.session.scalar(select(Tag).where(Tag.name == str(name))):
            tag.board_position = place
    for given in listed(magazine, "offers", where):
        _store_offer(mapping(given, where), where)
    for given in listed(magazine, "codes", where):
        code = keep(Code, shapes.CODE.read(mapping(given, where), f"{where} (codes)"), "text")
        code.editions = [find_edition(str(name), where) for name in listed(given, "editions", where)]


def _store_offer(given: Told, where: str) -> None:
    offer = keep(Offer, shapes.OFFER.read(given, f"{where} (offers)"), "slug")
    offer.contents = listed(given, "contents", where)
    kept = {edition.slug: edition for edition in offer.editions}
    for place, each in enumerate(listed(given, "editions", where)):
        values = shapes.EDITION.read(mapping(each, where), f"{where} (editions)")
        price = mapping(each.get("price"), f"{where} (a price)")
        try:
            sum_ = Money(price["minor"], price["currency"])
        except (KeyError, TypeError, ValueError):
            raise NotTaken(f"{where} has a price that is none: {price}.") from None
        values |= {"price": sum_, "position": place, "facts": mapping(each.get("facts") or {}, where)}
        edition = kept.get(values["slug"])
        if edition is None:
            offer.editions.append(Edition(**values))
        else:
            for name, value in values.items():
                setattr(edition, name, value)
    db.session.flush()


def find_edition(name: str, where: str) -> Edition:
    offer, _, slug = name.partition("/")
    found = db.session.scalar(select(Edition).join(Offer).where(Offer.slug == offer, Edition.slug == slug))
    if found is None:
        raise NotTaken(f"{where} names the edition “{name}”, which is not there.")
    return found


def store_accounts(lines: Iterable[dict[str, str]]) -> int:
    """Those who have no account here yet; without passwords. Returns how many."""
    new = [
        Account(**shapes.ACCOUNT.read({word: value for word, value in line.items() if value}, "accounts.csv"))
        for line in timed(lines, "verified", "created")
    ]
    here = set(db.session.scalars(select(Account.email).where(Account.email.in_({row.email for row in new}))))
    fresh = [row for row in new if row.email not in here]
    db.session.add_all(fresh)
    return len(fresh)


def store_redirects(lines: Iterable[dict[str, str]]) -> None:
    rows = list(timed(lines, "created"))
    here = set(db.session.scalars(select(Redirect.path).where(Redirect.path.in_({row["old"] for row in rows}))))
    for row in rows:
        if row["old"] not in here:
            db.session.add(Redirect(path=row["old"], target=row["new"], created_at=row["created"]))


def timed(lines: Iterable[dict[str, str]], *columns: str) -> Iterable[dict[str, Any]]:
    """With times in the place of their words."""
    for line in lines:
        try:
            times = {name: moment(datetime.fromisoformat(line[name])) if line.get(name) else None for name in columns}
        except ValueError:
            raise NotTaken(f"A line of a table has a time that is none: {line}.") from None
        yield line | times


def store_stories(batch: list[Made]) -> None:
    """Stories that are not here yet, with their lists, entries, notes and comments."""
    here = set(db.session.scalars(select(Article.slug).where(Article.slug.in_({made.row.slug for made in batch}))))
    new = [made for made in batch if made.row.slug not in here]
    rows = _Rows(new)
    with db.session.no_autoflush:
        for made in new:
            rows.hang(made)
            db.session.add(made.row)
    db.session.flush()
    for made in new:
        for note in made.corrections:
            note.article_id = made.row.id
            db.session.add(note)
        for comment, email in made.comments:
            comment.article_id, comment.account_id = made.row.id, rows.accounts.get(normal_email(email))
            db.session.add(comment)
    db.session.flush()


class _Rows:
    """What a batch speaks of, fetched once; tags that magazine.yaml lacks are made."""

    def __init__(self, batch: list[Made]) -> None:
        stories = [made.story for made in batch]
        self.categories = _by(Category, "slug", {story.named("category") for story in stories})
        self.series = _by(Series, "slug", {story.named("series") for story in stories})
        self.pictures = _by(Picture, "key", {story.named("picture") for story in stories})
        self.authors = _by(Author, "slug", {slug for story in stories for slug in story.authors()})
        meanings = {name: meaning for made in batch for name, meaning in made.story.tags()}
        self.tags = _by(Tag, "name", set(meanings))
        for name in meanings.keys() - self.tags.keys():
            self.tags[name] = Tag(slug=_free(Tag, slugify(name) or "tag"), name=name, meaning=meanings[name])
            db.session.add(self.tags[name])
            db.session.flush()
        emails = {normal_email(email) for made in batch for _, email in made.comments if email}
        self.accounts = {row.email: row.id for row in Account.proven(emails)}

    def hang(self, made: Made) -> None:
        article, story = made.row, made.story
        article.category = self.categories.get(story.named("category"))
        article.series = self.series.get(story.named("series"))
        article.picture = self.pictures.get(story.named("picture"))
        article.tags = [self.tags[name] for name in dict.fromkeys(name for name, _ in story.tags())]
        article.set_authors([self.authors[slug] for slug in story.authors()])


def _by(model: Any, column: str, values: set[Any]) -> dict[Any, Any]:
    rows = db.session.scalars(select(model).where(getattr(model, column).in_(values - {None})))
    return {getattr(row, column): row for row in rows}


def _free(model: Any, slug: str) -> str:
    number, free = 1, slug
    while db.session.scalar(select(model.id).where(model.slug == free)):
        number += 1
        free = f"{slug}-{number}"
    return free


def store_letters(folder: Folder, batch: list[Told]) -> None:
    """Letters that are not here yet."""
    for given in batch:
        if given.get("letter") == "correction":
            story = db.session.scalar(select(Article.id).where(Article.slug == str(given.get("story"))))
            if story is None:
                raise NotTaken(f"letters.yaml has a correction of “{given.get('story')}”, which is no story here.")
            letter: Any = Correction(article_id=story, **shapes.CORRECTION.read(given, "letters.yaml"))
        else:
            kind = {each.value: each for each in ContributionKind}.get(str(given.get("letter")))
            if kind is None:
                raise NotTaken(f"letters.yaml has a letter of the kind “{given.get('letter')}”.")
            letter = Contribution(kind=kind, **shapes.CONTRIBUTION.read(given, "letters.yaml"))
        table = type(letter)
        same = [getattr(table, name) == getattr(letter, name) for name in ("sent_at", "email", "body", "name")]
        if isinstance(letter, Correction):
            same += [Correction.note == letter.note, Correction.article_id == letter.article_id]
        if db.session.scalar(select(table.id).where(*same).limit(1)) is None:
            db.session.add(letter)
            db.session.flush()


def catch_up() -> None:
    """PostgreSQL counts rows apart from their numbers: the next one it gives must be free."""
    if db.session.get_bind().dialect.name != "postgresql":
        return
    for model in (Article, Comment, LiveEntry, Picture, Payment):
        last = db.session.scalar(select(func.max(model.id)))
        if last:
            name = model.__tablename__
            db.session.execute(
                text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :last)"), {"name": name, "last": last}
            )
