"""Categories and authors: what stories are filed under, and who writes them."""

from dataclasses import dataclass

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute

from blueprints.desk.area import bp, fingerprint
from blueprints.desk.forms import AuthorForm, CategoryForm, SectionForm
from blueprints.desk.moving import settle
from models import Article, Author, Byline, Category, begin_write, db
from models.slug import slugify

MEANWHILE = "Somebody changed this meanwhile. What they wrote is below; save again to put yours in its place."


class Refused(Exception):
    """A rule says no to what stands in the field `name`."""

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__(name, sentence)
        self.name, self.sentence = name, sentence


class ChangedMeanwhile(Exception):
    """Somebody else saved this row after the form was opened."""


@dataclass(frozen=True, slots=True)
class Sort:
    """What sets categories and authors apart here."""

    table: type[Category] | type[Author]
    form: type[SectionForm]
    word: str  # as editors call it; its page for readers is at /<word>/<slug>
    said: tuple[str, ...]  # columns that the form fills as they are typed
    used: InstrumentedAttribute  # the column by which stories point to it


CATEGORY = Sort(
    Category, CategoryForm, "category", ("name", "hanzi", "description", "gated_in_feeds"), Article.category_id
)
AUTHOR = Sort(Author, AuthorForm, "author", ("name", "role", "bio"), Byline.author_id)


@bp.get("/sections")
def sections() -> ResponseReturnValue:
    return render_template(
        "desk/sections.html",
        categories=Category.in_order(),
        authors=Author.in_order(),
        filed=story_counts(CATEGORY),
        signed=story_counts(AUTHOR),
    )


@bp.route("/sections/categories/new", methods=["GET", "POST"])
def new_category() -> ResponseReturnValue:
    return at_work(CATEGORY, None)


@bp.route("/sections/categories/<int:category_id>", methods=["GET", "POST"])
def edit_category(category_id: int) -> ResponseReturnValue:
    return at_work(CATEGORY, db.session.get(Category, category_id) or abort(404))


@bp.route("/sections/authors/new", methods=["GET", "POST"])
def new_author() -> ResponseReturnValue:
    return at_work(AUTHOR, None)


@bp.route("/sections/authors/<int:author_id>", methods=["GET", "POST"])
def edit_author(author_id: int) -> ResponseReturnValue:
    return at_work(AUTHOR, db.session.get(Author, author_id) or abort(404))


def at_work(sort: Sort, row: Category | Author | None) -> ResponseReturnValue:
    """Show the form, or do what its button says. Whatever goes wrong, the page comes back with all that was typed."""
    if row and request.form.get("action") == "delete":
        return delete(sort, row)
    form = sort.form.of(row, mark(sort, row))
    if not form.submitted():
        return show(sort, form, row)
    try:
        keep(sort, form, row)
    except Refused as refused:
        form.refuse(refused.name, refused.sentence)
        return show(sort, form, row)
    except ChangedMeanwhile:
        form.before.data = mark(sort, row)
        return show(sort, form, row, theirs=standing(sort, row)), 409
    flash(f"{form.name.data} is saved.", "good")
    return redirect(url_for("desk.sections"), code=303)


def show(sort: Sort, form: SectionForm, row: Category | Author | None, theirs: dict | None = None) -> str:
    stories = story_counts(sort).get(row.id, 0) if row else 0
    return render_template(
        "desk/section.html", form=form, row=row, word=sort.word, stories=stories, theirs=theirs, meanwhile=MEANWHILE
    )


def keep(sort: Sort, form: SectionForm, row: Category | Author | None) -> None:
    """Save what was posted, in one transaction. Raises Refused or ChangedMeanwhile; then nothing has changed."""
    begin_write()
    try:
        if form.before.data != mark(sort, row):
            raise ChangedMeanwhile
        slug = address(sort, form, row)
        kept = row or sort.table()
        settle(f"/{sort.word}/{kept.slug}", f"/{sort.word}/{slug}", known=row is not None)
        for name in sort.said:
            setattr(kept, name, form[name].data.strip())
        kept.slug = slug
        if isinstance(kept, Category):
            typed = form["position"].data
            kept.position = int(typed) if typed else last_place()
        db.session.add(kept)
        db.session.commit()
    except (Refused, ChangedMeanwhile):
        db.session.rollback()
        raise


def address(sort: Sort, form: SectionForm, row: Category | Author | None) -> str:
    """As typed, else made from the name; left alone it stays as it is, whatever the name becomes. Raises Refused."""
    typed = form.slug.data
    if row and typed == row.slug:
        return typed
    wanted = slugify(typed or form.name.data)
    if sort.table.by_slug(wanted) not in (None, row):
        raise Refused("slug", f"There is something at /{sort.word}/{wanted} already. Write another address.")
    return wanted


def last_place() -> int:
    """The place in the order after every category's."""
    return (db.session.scalar(select(func.max(Category.position))) or 0) + 1


def delete(sort: Sort, row: Category | Author) -> ResponseReturnValue:
    begin_write()
    if story_counts(sort).get(row.id):
        db.session.rollback()
        flash(f"Stories use {row.name}, so this {sort.word} stays. Give them another first.", "error")
        return redirect(request.path, code=303)
    name = row.name
    db.session.delete(row)
    db.session.commit()
    flash(f"{name} is deleted.", "good")
    return redirect(url_for("desk.sections"), code=303)


def story_counts(sort: Sort) -> dict[int, int]:
    """How many stories, drafts too, each category or author has, by its id; none when there are none."""
    found = select(sort.used, func.count()).where(sort.used.is_not(None)).group_by(sort.used)
    return {row_id: count for row_id, count in db.session.execute(found)}


def standing(sort: Sort, row: Category | Author | None) -> dict[str, object]:
    """What the form was filled from."""
    names = (*sort.said, "slug", *(["position"] if sort is CATEGORY else []))
    return {name: getattr(row, name) for name in names} if row else {}


def mark(sort: Sort, row: Category | Author | None) -> str:
    return fingerprint(standing(sort, row))
