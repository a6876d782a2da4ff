"""Categories, tags and authors: those that are here, by slug and by name, and those the export brings.

Planned without a write, so that a dry run can count them; `store` makes the new ones at once, before any story.
"""

from dataclasses import dataclass, field
from urllib.parse import unquote

from blueprints.ops.importing.report import Report
from blueprints.ops.importing.survey import Survey
from blueprints.ops.importing.texts import plain
from models import Author, Category, Tag, db
from models.slug import slugify


@dataclass(slots=True)
class Shelf:
    """One of the three: the row's number by slug (0: to come), and the rows to come."""

    numbers: dict[str, int] = field(default_factory=dict)
    new: list = field(default_factory=list)


class Shelves:
    """Each method gives the slug under which the story finds what it asked for."""

    def __init__(self, report: Report) -> None:
        self.report = report
        tags = db.session.execute(db.select(Tag.slug, Tag.id, Tag.name)).all()
        places = db.session.execute(db.select(Category.slug, Category.id, Category.position)).all()
        authors = db.session.execute(db.select(Author.slug, Author.id)).all()
        self.categories = Shelf({slug: number for slug, number, _ in places})
        self.tags = Shelf({slug: number for slug, number, _ in tags})
        self.authors = Shelf({slug: number for slug, number in authors})
        self.tag_names = {name: slug for slug, _, name in tags}
        self.folded_tag_names = {name.casefold(): slug for slug, _, name in tags}
        self.next_place = max((place for _, _, place in places), default=-1) + 1

    def category(self, slug: str, name: str, description: str = "") -> str:
        """`slug` and `name` as the old site has them, the slug maybe percent-encoded."""
        name = plain(name)
        slug = slugify(unquote(slug)) or slugify(name) or "category"
        if slug not in self.categories.numbers:
            row = Category(slug=slug, name=name, description=plain(description), position=self.next_place)
            self._add(self.categories, row, "categories")
            self.next_place += 1
        return slug

    def tag(self, slug: str, name: str, *, is_category: bool = False) -> str:
        name = plain(name)
        slug = slugify(unquote(slug)) or slugify(name) or "tag"
        if slug in self.tags.numbers:
            return slug
        if name in self.tag_names:
            return self.tag_names[name]
        if is_category and name.casefold() in self.folded_tag_names:  # "Markup" beside a tag "markup" is one too many
            return self.folded_tag_names[name.casefold()]
        self._add(self.tags, Tag(slug=slug, name=name), "tags")
        self.tag_names[name] = slug
        self.folded_tag_names.setdefault(name.casefold(), slug)
        return slug

    def author(self, slug: str, name: str, bio: str = "") -> str:
        name = plain(name) or slug
        slug = slugify(unquote(slug)) or slugify(name) or "author"
        if slug not in self.authors.numbers:
            self._add(self.authors, Author(slug=slug, name=name, bio=bio), "authors")
        return slug

    def tell(self, survey: Survey) -> None:
        """Say which of their addresses will answer."""
        for kind, shelf in (("category", self.categories), ("tag", self.tags), ("author", self.authors)):
            survey.take(kind, shelf.numbers)

    def store(self) -> None:
        """Make the rows to come, inside the caller's write transaction."""
        for shelf in (self.categories, self.tags, self.authors):
            db.session.add_all(shelf.new)
            db.session.flush()
            shelf.numbers |= {row.slug: row.id for row in shelf.new}
            shelf.new.clear()

    def _add(self, shelf: Shelf, row: Category | Tag | Author, what: str) -> None:
        shelf.numbers[row.slug] = 0
        shelf.new.append(row)
        self.report.taken[what] += 1
