"""A liveblog's entries: add, change, correct, take back. The console for a running one is in console.py."""

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints.desk.area import bp, fingerprint
from blueprints.desk.forms import EntryForm
from models import Article, LiveEntry, Picture, begin_write, db, utcnow
from models.article import Kind
from models.liveblog import LiveblogClosed

CHANGED = "Somebody changed this entry meanwhile. Theirs is below; save again to put yours in its place."
CLOSED = "This liveblog is closed. Open it again to post; your text stays here."


class ChangedMeanwhile(Exception):
    """Somebody else saved this entry after the form was opened."""


def mark(entry: LiveEntry | None) -> str:
    if entry is None:
        return ""
    return fingerprint(entry.at, entry.speaker, entry.topic, entry.headline, entry.source, entry.correction)


def liveblog(article_id: int) -> Article:
    story = db.session.get(Article, article_id)
    return story if story is not None and story.kind is Kind.LIVEBLOG else abort(404)


def there(entry_id: int) -> LiveEntry:
    entry = db.session.get(LiveEntry, entry_id)
    return entry if entry is not None and entry.removed_at is None else abort(404)


@bp.route("/articles/<int:article_id>/entries/new", methods=["GET", "POST"])
def new_entry(article_id: int) -> ResponseReturnValue:
    story, form = liveblog(article_id), EntryForm.of(None, "")
    if not form.submitted():
        return show(form, story)
    try:
        entry = posted(form, story)
    except LiveblogClosed:
        form.refuse("source", CLOSED)
        return show(form, story), 409
    flash("The entry is saved.", "good")
    return back(entry)


@bp.route("/entries/<int:entry_id>", methods=["GET", "POST"])
def edit_entry(entry_id: int) -> ResponseReturnValue:
    entry = there(entry_id)
    form = EntryForm.of(entry, mark(entry))
    if request.form.get("action") == "delete":
        return remove_entry(entry_id)
    if not form.submitted():
        return show(form, entry.article, entry)
    try:
        changed(form, entry)
    except ChangedMeanwhile:
        form.before.data = mark(entry)
        form.refuse("source", CHANGED)
        return show(form, entry.article, entry, theirs=entry), 409
    flash("The entry is saved.", "good")
    return back(entry)


@bp.post("/entries/<int:entry_id>/remove")
def remove_entry(entry_id: int) -> ResponseReturnValue:
    begin_write()
    entry = held(entry_id)
    entry.remove(utcnow())
    db.session.commit()
    flash("The entry is removed.", "good")
    return back(entry)


@bp.post("/entries/<int:entry_id>/pin")
def pin_entry(entry_id: int) -> ResponseReturnValue:
    """Says which of both is wanted, so that it may be sent twice."""
    begin_write()
    entry = held(entry_id)
    entry.is_pinned = request.form.get("pinned") == "1"
    db.session.commit()
    flash("The entry is pinned." if entry.is_pinned else "The entry is no longer pinned.", "good")
    return back(entry)


def show(form: EntryForm, story: Article, entry: LiveEntry | None = None, theirs: LiveEntry | None = None) -> str:
    values = {"form": form, "story": story, "entry": entry, "theirs": theirs, "from_console": from_console()}
    return render_template("desk/entry.html", **values)


def from_console() -> bool:
    return request.args.get("from") == "console"


def back(entry: LiveEntry) -> ResponseReturnValue:
    """To where the editor came from: the console, or the story's page."""
    if from_console():
        return redirect(url_for("desk.console", article_id=entry.article_id), code=303)
    return redirect(url_for("desk.edit_story", article_id=entry.article_id, _anchor="entries"), code=303)


def drawn(form: EntryForm) -> LiveEntry:
    """The posted text as HTML. Slow: before any write transaction."""
    entry = LiveEntry()
    entry.write(form.source.data, sizes=Picture.sizes_in(form.source.data))
    return entry


def posted(form: EntryForm, story: Article) -> LiveEntry:
    """A new entry; the same again when the form was sent twice. Raises LiveblogClosed; then nothing has changed."""
    words, now = drawn(form), utcnow()
    begin_write()
    try:
        entry = LiveEntry.begin(story, (form.once.data or "")[:40])
    except LiveblogClosed:
        db.session.rollback()
        raise
    if entry.id and entry.source == words.source:  # nothing is new, so readers hear nothing
        db.session.rollback()
        return entry
    fill(entry, form, words)
    entry.at = form.at.instant(entry.at) or entry.at or now
    db.session.commit()
    return entry


def changed(form: EntryForm, entry: LiveEntry) -> None:
    """Save a changed entry. Raises ChangedMeanwhile; then nothing has changed."""
    words, now = drawn(form), utcnow()
    begin_write()
    entry = held(entry.id)
    if form.before.data != mark(entry):
        db.session.rollback()
        raise ChangedMeanwhile
    fill(entry, form, words)
    entry.at = form.at.instant(entry.at) or entry.at
    entry.correct(form.correction.data, now)
    db.session.commit()


def fill(entry: LiveEntry, form: EntryForm, words: LiveEntry) -> None:
    entry.speaker, entry.topic, entry.headline = form.speaker.data, form.topic.data, form.headline.data
    entry.source, entry.body_html = words.source, words.body_html


def held(entry_id: int) -> LiveEntry:
    """The entry, for this transaction to change; what was typed comes back when it is gone."""
    entry = LiveEntry.hold(entry_id)
    if entry is None:
        db.session.rollback()
        abort(404)
    return entry
