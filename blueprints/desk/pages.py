"""Standing pages: about, contact, terms, and whatever else the publisher has to say."""

from datetime import datetime

from flask import abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints.desk.area import bp
from blueprints.desk.forms import PageForm
from blueprints.desk.moving import settle
from blueprints.desk.sections import Refused
from models import Page, Picture, begin_write, db, utcnow
from models.article import SourceFormat, Status
from models.slug import slugify
from models.writing import Written, write

DONE = {
    "save": "Saved.",
    "publish": "The page is out.",
    "unpublish": "The page is a draft again; readers no longer see it.",
}
STATE_NAMES = {Status.DRAFT: "Draft", Status.PUBLISHED: "Published", Status.PRIVATE: "Private, for staff only"}


@bp.get("/pages")
def pages() -> ResponseReturnValue:
    return render_template("desk/pages.html", pages=Page.for_desk(), state_names=STATE_NAMES)


@bp.route("/pages/new", methods=["GET", "POST"])
def new_page() -> ResponseReturnValue:
    return write_page(None)


@bp.route("/pages/<int:page_id>", methods=["GET", "POST"])
def edit_page(page_id: int) -> ResponseReturnValue:
    return write_page(db.session.get(Page, page_id) or abort(404))


def write_page(page: Page | None) -> ResponseReturnValue:
    """Show the form, or do what its button says. Whatever goes wrong, the page comes back with all that was typed."""
    form, action = PageForm.of(page), request.form.get("action", "save")
    if not form.submitted():
        return show(form, page)
    try:
        kept = keep(form, page, action, utcnow())
    except Refused as refused:
        form.refuse(refused.name, refused.sentence)
        return show(form, page)
    flash(DONE.get(action, DONE["save"]), "good")
    return redirect(url_for("desk.edit_page", page_id=kept.id), code=303)


def show(form: PageForm, page: Page | None) -> str:
    is_html = bool(page and page.source_format is SourceFormat.HTML)
    return render_template("desk/page.html", form=form, page=page, is_html=is_html, state_names=STATE_NAMES)


def keep(form: PageForm, page: Page | None, action: str, now: datetime) -> Page:
    """Save what was posted and do what the button says, in one transaction.

    Raises Refused; then nothing has changed.
    """
    html = page is not None and page.source_format is SourceFormat.HTML
    sizes = Picture.sizes_in(form.source.data)
    written = write(form.source.data, html=html, sizes=sizes)  # slow: before the transaction
    begin_write()
    try:
        slug = address(form, page)
        kept = page or Page(status=Status.DRAFT, source_format=SourceFormat.MARKDOWN)
        before, known = kept.slug, kept.published_at is not None
        fill(kept, form, written)
        kept.slug = slug
        act(kept, action, now)
        if kept.status is Status.PUBLISHED and not kept.source.strip():
            raise Refused("source", "The page has no text. Write some before readers see it.")
        if kept.status is Status.PUBLISHED or known:
            settle(f"/{before}", f"/{slug}", known=known)
        db.session.add(kept)
        db.session.commit()
    except Refused:
        db.session.rollback()
        raise
    return kept


def fill(page: Page, form: PageForm, written: Written) -> None:
    """Set what the form says, but for the address."""
    page.title, page.standfirst = form.title.data, form.standfirst.data.strip()
    page.write(form.source.data, page.source_format, written)


def act(page: Page, action: str, now: datetime) -> None:
    """Do what the button says; whoever reads a page that was out before is told when it changed."""
    was_out = page.published_at is not None
    if action == "publish":
        page.publish(now)
    elif action == "unpublish":
        page.unpublish()
    if was_out and page.status is Status.PUBLISHED:
        page.updated_at = now


def address(form: PageForm, page: Page | None) -> str:
    """As typed, else made from the title; left alone it stays as it is. Raises Refused."""
    typed = form.slug.data
    if page and typed == page.slug:
        return typed
    wanted = slugify(typed or form.title.data)
    if not wanted:
        raise Refused("slug", "The address needs at least one letter or digit. Write one here.")
    if wanted in our_own():
        raise Refused("slug", f"The magazine itself needs /{wanted}. Write another address.")
    if Page.by_slug(wanted) not in (None, page):
        raise Refused("slug", f"There is a page at /{wanted} already. Write another address.")
    return wanted


def our_own() -> set[str]:
    """What this site's own addresses begin with: a page there would never be seen, or would hide them."""
    starts = (rule.rule.split("/")[1] for rule in current_app.url_map.iter_rules())
    return {start for start in starts if "<" not in start}
