"""Stores what is ready, inside the caller's write transaction: slugs, categories, tags, authors, threads."""

from collections import Counter
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

from blueprints.ops.wordpress import body
from blueprints.ops.wordpress.report import Report
from blueprints.ops.wordpress.stories import Ready, Replies
from blueprints.ops.wordpress.wxr import Export, Item, Term
from models import Article, Author, Category, Comment, Page, Tag, db
from models.slug import slugify

NO_CATEGORY = "uncategorized"  # WordPress's word for none


def known_keys() -> set[str]:
    """What was imported before: keys of stories, pages and comments."""
    return {
        key
        for table in (Article, Page, Comment)
        for key in db.session.scalars(db.select(table.imported_from).where(table.imported_from.is_not(None)))
    }


def store(export: Export, ready: Ready, reserved: set[str], report: Report) -> None:
    """Add every row. `reserved` are the addresses that a page cannot have."""
    shelves = _Shelves(export, ready, report)
    slugs = set(db.session.scalars(db.select(Article.slug)))
    for item, article in ready.articles:
        article.slug = _address(item, article.title, slugs, report)
        main, others = _sorted(item.terms)
        article.category = shelves.category(main) if main else None
        article.tags = list(dict.fromkeys(shelves.tag(term) for term in others))
        db.session.add(article)
        db.session.flush()  # a byline needs the number of its story
        article.set_authors([shelves.author(item.creator)] if item.creator else [])
    slugs = set(db.session.scalars(db.select(Page.slug))) | reserved
    for item, page in ready.pages:
        page.slug = _address(item, page.title, slugs, report)
        db.session.add(page)
    db.session.flush()
    _store_replies(ready.replies, report)


def _address(item: Item, title: str, taken: set[str], report: Report) -> str:
    """A free slug, close to WordPress's; added to `taken`."""
    wanted = unquote(item.slug)
    plain = slugify(wanted) or slugify(title) or f"post-{item.number}"
    slug, number = plain, 1
    while slug in taken:
        number += 1
        slug = f"{plain}-{number}"
    taken.add(slug)
    if wanted and slug != wanted:
        report.notes.append((title, f"its address “{wanted}” became “{slug}”."))
    return slug


def _sorted(terms: Iterable[Term]) -> tuple[Term | None, list[Term]]:
    """A story's category, the first that says something, and what become its tags."""
    named = [term for term in terms if term.name]
    categories = [term for term in named if term.kind == "category"]
    telling = [term for term in categories if term.slug != NO_CATEGORY]
    return next(iter(telling or categories), None), telling[1:] + [term for term in named if term.kind == "post_tag"]


class _Shelves:
    """Categories, tags and authors: those that are here, by slug and by name, and those made on the way."""

    def __init__(self, export: Export, ready: Ready, report: Report) -> None:
        self.report = report
        self.categories = {category.slug: category for category in db.session.scalars(db.select(Category))}
        tags = list(db.session.scalars(db.select(Tag)))
        self.tags, self.tag_names = {tag.slug: tag for tag in tags}, {tag.name: tag for tag in tags}
        self.authors = {author.slug: author for author in db.session.scalars(db.select(Author))}
        self.names = {person.login: person.name for person in export.people}
        self.next_place = max((category.position for category in self.categories.values()), default=-1) + 1
        self._make_all(export, ready)

    def _make_all(self, export: Export, ready: Ready) -> None:
        """All the export names, in use or not; the categories with most stories first, for the menu has few places."""
        stories = Counter(main.slug for item, _ in ready.articles if (main := _sorted(item.terms)[0]))
        categories = [term for term in export.terms if term.kind == "category"]
        for term in sorted(categories, key=lambda term: -stories[term.slug]):
            self.category(term)
        for term in export.terms:
            if term.kind == "post_tag":
                self.tag(term)
        for person in export.people:
            if person.login:
                self.author(person.login)

    def category(self, term: Term) -> Category:
        name = body.plain(term.name)
        slug = slugify(unquote(term.slug)) or slugify(name) or "category"
        if slug not in self.categories:
            self.categories[slug] = self._new(
                Category(slug=slug, name=name, description=body.plain(term.description), position=self.next_place),
                "categories",
            )
            self.next_place += 1
        return self.categories[slug]

    def tag(self, term: Term) -> Tag:
        name = body.plain(term.name)
        slug = slugify(unquote(term.slug)) or slugify(name) or "tag"
        tag = self.tags.get(slug) or self.tag_names.get(name)
        if tag is None and term.kind == "category":  # "Markup" beside a tag "markup" would be one too many
            tag = next((known for known in self.tags.values() if known.name.casefold() == name.casefold()), None)
        if tag is None:
            tag = self._new(Tag(slug=slug, name=name), "tags")
            self.tags[slug] = self.tag_names[name] = tag
        return tag

    def author(self, login: str) -> Author:
        name = body.plain(self.names.get(login, login)) or login
        slug = slugify(name if "@" in login else login) or slugify(name) or "author"  # an e-mail address is not shown
        if slug not in self.authors:
            self.authors[slug] = self._new(Author(slug=slug, name=name), "authors")
        return self.authors[slug]

    def _new(self, row, what: str):  # type: ignore[no-untyped-def]  # any of the three
        db.session.add(row)
        self.report.taken[what] += 1
        return row


def _store_replies(replies: dict[str, Replies], report: Report) -> None:
    numbers = dict(db.session.execute(db.select(Article.imported_from, Article.id)).all())
    rows: dict[str, Comment] = {}
    for key, found in replies.items():
        for comment_key, comment in found.rows.items():
            comment.article_id = numbers[key]
            rows[comment_key] = comment
    db.session.add_all(rows.values())
    db.session.flush()
    ids = dict(db.session.execute(db.select(Comment.imported_from, Comment.id)).all())
    for found in replies.values():
        circles = set(_circles(found.parents))
        report.changed["replies to themselves, shown by themselves"] += len(circles)
        for key, parent in found.parents.items():
            if key not in circles:
                found.rows[key].parent_id = ids.get(parent)
    db.session.flush()


def _circles(parents: dict[str, str]) -> Iterator[str]:
    """One reply of every ring of replies that answer each other: without its parent the ring is a thread."""
    settled: set[str] = set()
    for start in parents:
        trail: list[str] = []
        key = start
        while key in parents and key not in settled and key not in trail:
            trail.append(key)
            key = parents[key]
        if key in trail:
            yield key
        settled.update(trail)
