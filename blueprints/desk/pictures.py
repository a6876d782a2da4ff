"""The magazine's pictures: sent, described, credited, and taken away when nothing shows them."""

from flask import abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge

from blueprints import errors, login
from blueprints.desk.area import bp, fingerprint
from blueprints.desk.forms import PictureForm, UploadForm
from models import Picture, begin_write, db
from models.editing import Uses, uses_of
from models.picture_files import MOST_BYTES, NotAPicture, TooLarge, remove, store

A_PAGE = 30  # pictures
MEGABYTE = 1024 * 1024
MOST_TOGETHER = 100 * MEGABYTE  # of one upload; each file has its own limit in models.picture_files
MOST_READ_AWAY = 1024 * MEGABYTE
TOO_MUCH = (
    f"These files are larger than {MOST_TOGETHER // MEGABYTE} MB together, and none was kept. Send fewer at once; "
    f"each may have {MOST_BYTES // MEGABYTE} MB. Your browser’s way back leads to what you typed."
)
MEANWHILE = "Somebody changed this picture meanwhile. What they wrote is below; save again to put yours in its place."
WORDS = ("alt", "caption", "credit", "source_url", "licence")
Failed = list[tuple[str, str]]  # the name of each file that was not kept, and why


@bp.url_value_preprocessor
def take_files(endpoint: str | None, _values: dict[str, object] | None) -> None:
    """Let editors, and nobody else, send more than a form of words: said before anything reads the request."""
    if endpoint == "desk.pictures" and request.method == "POST":
        who = login.account()
        if who and who.is_editor:
            request.max_content_length = MOST_TOGETHER


@bp.errorhandler(413)
def refuse_too_much(error: RequestEntityTooLarge) -> ResponseReturnValue:
    if request.endpoint != "desk.pictures" or request.max_content_length != MOST_TOGETHER:
        return errors.say(error)
    left, stream = min(request.content_length or 0, MOST_READ_AWAY), request.environ["wsgi.input"]
    while left > 0 and (piece := stream.read(min(left, 65536))):  # a browser that is cut off never reads our sentence
        left -= len(piece)
    return library(UploadForm(), [("", TOO_MUCH)]), 413


@bp.route("/pictures", methods=["GET", "POST"])
def pictures() -> ResponseReturnValue:
    form = UploadForm.posted()
    if not form.submitted():
        return library(form, [])
    sent = [file for file in request.files.getlist("files") if file.filename]
    if not sent:
        form.refuse("files", "No picture was chosen. Choose one or more, then send them.")
        return library(form, [])
    kept, failed, is_too_large = keep(sent, form)
    if kept:
        flash(said(kept), "good")
    if failed:
        return library(form, failed), 413 if is_too_large else 200
    if len(kept) == 1:
        return redirect(url_for("desk.edit_picture", picture_id=kept[0].id), code=303)
    return redirect(url_for("desk.pictures"), code=303)


def library(form: UploadForm, failed: Failed) -> str:
    words = request.args.get("q", "").strip()
    found = Picture.newest(words)
    shelf = db.paginate(found, page=request.args.get("page", 1, type=int), per_page=A_PAGE, max_per_page=A_PAGE)
    return render_template(
        "desk/pictures.html",
        form=form,
        failed=failed,
        shelf=shelf,
        words=words,
        most=MOST_BYTES // MEGABYTE,
        together=MOST_TOGETHER // MEGABYTE,
    )


def keep(sent: list[FileStorage], form: UploadForm) -> tuple[list[Picture], Failed, bool]:
    """Store each file that can be a picture: what was kept, what was not, and whether that was for its size."""
    made, failed, is_too_large = [], [], False
    for file in sent:  # slow: before the transaction
        name = file.filename or ""
        try:
            made.append(store(current_app.config["DATA"] / "media", file.stream, name))
        except NotAPicture as wrong:
            failed.append((name, str(wrong)))
            is_too_large = is_too_large or isinstance(wrong, TooLarge)
    begin_write()
    kept = [Picture.keep(picture) for picture in made]
    for row in kept:
        for name in ("credit", "source_url", "licence"):
            setattr(row, name, getattr(row, name) or form[name].data)
    db.session.commit()
    return list(dict.fromkeys(kept)), failed, is_too_large


def said(kept: list[Picture]) -> str:
    if len(kept) == 1:
        return "The picture is in the library. Say what it shows and whose it is."
    return f"{len(kept)} pictures are in the library. Say of each what it shows and whose it is."


@bp.route("/pictures/<int:picture_id>", methods=["GET", "POST"])
def edit_picture(picture_id: int) -> ResponseReturnValue:
    picture = db.session.get(Picture, picture_id) or abort(404)
    if request.form.get("action") == "delete":
        return delete(picture)
    form = PictureForm.of(picture, mark(picture))
    if not form.submitted():
        return show(form, picture)
    begin_write()
    picture = db.session.get(Picture, picture_id, with_for_update=True, populate_existing=True) or abort(404)
    if form.before.data != mark(picture):
        db.session.rollback()
        form.before.data = mark(picture)
        return show(form, picture, theirs={name: getattr(picture, name) for name in WORDS}), 409
    for name in WORDS:
        setattr(picture, name, form[name].data)
    db.session.commit()
    flash("The picture is saved.", "good")
    return redirect(url_for("desk.edit_picture", picture_id=picture_id), code=303)


def show(form: PictureForm, picture: Picture, theirs: dict[str, str] | None = None) -> str:
    return render_template(
        "desk/picture.html",
        form=form,
        picture=picture,
        theirs=theirs,
        meanwhile=MEANWHILE,
        uses=uses_of(picture),
        snippet=snippet(picture),
    )


def delete(picture: Picture) -> ResponseReturnValue:
    begin_write()
    uses: Uses = uses_of(picture)
    if uses:
        db.session.rollback()
        flash("The picture is in use, so it stays. Take it out of the places below first.", "error")
        return redirect(url_for("desk.edit_picture", picture_id=picture.id), code=303)
    db.session.delete(picture)
    db.session.commit()
    remove(current_app.config["DATA"] / "media", picture)
    flash("The picture is deleted.", "good")
    return redirect(url_for("desk.pictures"), code=303)


def mark(picture: Picture) -> str:
    return fingerprint(*(getattr(picture, name) for name in WORDS))


def snippet(picture: Picture) -> str:
    """What shows the picture within a text in Markdown."""
    alt = "".join("\\" + letter if letter in "\\[]" else letter for letter in picture.alt)
    words = ". ".join(part.rstrip(".") for part in (picture.caption, picture.credit) if part)
    title = words.replace("\\", "\\\\").replace('"', '\\"')
    return f'![{alt}](media:{picture.key} "{title}")' if title else f"![{alt}](media:{picture.key})"
