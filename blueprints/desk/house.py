"""What the magazine says of itself, and the hashtags on its front page."""

from itertools import zip_longest

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from blueprints.desk.area import bp, fingerprint
from blueprints.desk.forms import PLACES, BoardForm, BoardRow, PublicationForm
from models import Publication, Tag, begin_write, db, utcnow
from models.editing import Place, all_tag_names, set_board, tags_named

MEANWHILE = "Somebody changed this page meanwhile. What they wrote is below; save again to put yours in its place."
SAID = ("motto", "colophon", "wordmark_hanzi", "publisher", "address", "email", "gated_in_feeds", "reading_mode")
SWITCHES = ("crawlers_read",)


@bp.route("/publication", methods=["GET", "POST"])
def publication() -> ResponseReturnValue:
    ours = Publication.get()
    stands = {name: getattr(ours, name) for name in SAID + SWITCHES}
    mark = fingerprint(stands)
    form = PublicationForm.of(ours, mark)
    if not form.submitted():
        return render_template("desk/publication.html", form=form, theirs=None)
    if form.before.data != mark:
        form.before.data = mark
        return render_template("desk/publication.html", form=form, theirs=stands, meanwhile=MEANWHILE), 409

    begin_write()
    kept = Publication.get()
    for name in SAID:
        setattr(kept, name, form[name].data.strip())
    for name in SWITCHES:
        setattr(kept, name, form[name].data)
    db.session.add(kept)
    db.session.commit()
    flash("Saved.", "good")
    return redirect(url_for("desk.publication"), code=303)


@bp.route("/board", methods=["GET", "POST"])
def board() -> ResponseReturnValue:
    shown = on_the_board()
    mark = fingerprint([(tag.name, tag.meaning, tag.source) for tag in shown])
    form = BoardForm.of(shown, mark)
    if not form.submitted() or named_twice(form):
        return show_board(form, theirs=[])
    if form.before.data != mark:
        form.before.data = mark
        return show_board(form, theirs=shown), 409

    begin_write()
    set_board([place for row, stood in zip_longest(form.rows, shown) for place in placed(row.form, stood)])
    db.session.commit()
    flash("The board is saved.", "good")
    return redirect(url_for("desk.board"), code=303)


def placed(row: BoardRow, stood: Tag | None) -> list[Place]:
    """The row's place on the board; none when its hashtag is empty."""
    return [Place(tag, row.meaning.data, row.source.data, stood) for tag in tags_named(row.names)]


def on_the_board() -> list[Tag]:
    return [tag for tag, _ in Tag.board(utcnow())][:PLACES]


def named_twice(form: BoardForm) -> bool:
    """Whether a hashtag stands in two places; says so beside the second."""
    seen: set[str] = set()
    for row in form.rows:
        for tag in tags_named(row.form.names):
            if tag.slug in seen:
                row.form.refuse("name", "This hashtag is on the board already. Choose another.")
                return True
            seen.add(tag.slug)
    return False


def show_board(form: BoardForm, theirs: list[Tag]) -> str:
    return render_template("desk/board.html", form=form, names=all_tag_names(), theirs=theirs, meanwhile=MEANWHILE)
