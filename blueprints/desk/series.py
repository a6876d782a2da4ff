"""Series: stories that are read in order."""

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select, update

from blueprints.desk.area import bp, fingerprint
from blueprints.desk.forms import SeriesForm
from blueprints.desk.moving import settle
from blueprints.desk.sections import MEANWHILE, ChangedMeanwhile, Refused
from models import Article, Series, begin_write, db
from models.sequence import IN_ORDER
from models.slug import slugify

MOST_PARTS = 500  # shown beside the form


@bp.get("/series")
def series() -> ResponseReturnValue:
    counts = db.session.execute(select(Article.series_id, func.count()).group_by(Article.series_id)).all()
    return render_template("desk/series.html", rows=Series.in_order(), counts={key: many for key, many in counts})


@bp.route("/series/new", methods=["GET", "POST"])
def new_series() -> ResponseReturnValue:
    return shape(None)


@bp.route("/series/<int:series_id>", methods=["GET", "POST"])
def edit_series(series_id: int) -> ResponseReturnValue:
    return shape(db.session.get(Series, series_id) or abort(404))


def shape(row: Series | None) -> ResponseReturnValue:
    """Show the form, or do what its button says. Whatever goes wrong, the page comes back with all that was typed."""
    if row and request.form.get("action") == "delete":
        return delete(row)
    form = SeriesForm.of(row, mark(row))
    if not form.submitted():
        return show(form, row)
    try:
        keep(form, row)
    except Refused as refused:
        form.refuse(refused.name, refused.sentence)
        return show(form, row)
    except ChangedMeanwhile:
        form.before.data = mark(row)
        return show(form, row, theirs=standing(row)), 409
    flash(f"{form.title.data} is saved.", "good")
    return redirect(url_for("desk.series"), code=303)


def show(form: SeriesForm, row: Series | None, theirs: dict[str, str] | None = None) -> str:
    return render_template(
        "desk/series_form.html", form=form, row=row, parts=parts(row), theirs=theirs, meanwhile=MEANWHILE
    )


def parts(row: Series | None) -> list[Article]:
    """Its stories in order, drafts too."""
    if row is None:
        return []
    found = select(Article).where(Article.series_id == row.id).order_by(*IN_ORDER).limit(MOST_PARTS)
    return list(db.session.scalars(found))


def keep(form: SeriesForm, row: Series | None) -> None:
    """Save what was posted, in one transaction. Raises Refused or ChangedMeanwhile; then nothing has changed."""
    begin_write()
    try:
        if form.before.data != mark(row):
            raise ChangedMeanwhile
        slug = address(form, row)
        kept = row or Series()
        before = kept.slug
        kept.title, kept.description, kept.slug = form.title.data, form.description.data.strip(), slug
        settle(f"/series/{before}", f"/series/{slug}", known=row is not None)
        db.session.add(kept)
        db.session.commit()
    except (Refused, ChangedMeanwhile):
        db.session.rollback()
        raise


def address(form: SeriesForm, row: Series | None) -> str:
    """As typed, else made from the title; left alone it stays as it is. Raises Refused."""
    typed = form.slug.data
    if row and typed == row.slug:
        return typed
    wanted = slugify(typed or form.title.data)
    if Series.by_slug(wanted) not in (None, row):
        raise Refused("slug", f"There is a series at /series/{wanted} already. Write another address.")
    return wanted


def delete(row: Series) -> ResponseReturnValue:
    """The stories stay, each on its own."""
    begin_write()
    title = row.title
    db.session.execute(update(Article).where(Article.series_id == row.id).values(series_id=None, series_position=0))
    db.session.delete(row)
    db.session.commit()
    flash(f"{title} is deleted; its stories stay.", "good")
    return redirect(url_for("desk.series"), code=303)


def standing(row: Series | None) -> dict[str, str]:
    """What the form was filled from."""
    return {"title": row.title, "slug": row.slug, "description": row.description} if row else {}


def mark(row: Series | None) -> str:
    return fingerprint(standing(row))
