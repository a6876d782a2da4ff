"""A liveblog's entries: add, change, delete."""

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints.desk.area import bp, fingerprint
from blueprints.desk.forms import EntryForm
from models import Article, LiveEntry, begin_write, db
from models.article import Kind

CHANGED = "Somebody changed this entry meanwhile. Theirs is below; save again to put yours in its place."


def mark(entry: LiveEntry | None) -> str:
    if entry is None:
        return ""
    return fingerprint(entry.at, entry.speaker, entry.topic, entry.headline, entry.source)


@bp.route("/articles/<int:article_id>/entries/new", methods=["GET", "POST"])
def new_entry(article_id: int) -> ResponseReturnValue:
    story = db.session.get(Article, article_id)
    if story is None or story.kind is not Kind.LIVEBLOG:
        abort(404)
    form = EntryForm.of(None, "")
    if not form.submitted():
        return render_template("desk/entry.html", form=form, story=story, entry=None, theirs=None)
    return saved(form, LiveEntry(article_id=story.id))


@bp.route("/entries/<int:entry_id>", methods=["GET", "POST"])
def edit_entry(entry_id: int) -> ResponseReturnValue:
    entry = db.session.get(LiveEntry, entry_id) or abort(404)
    form = EntryForm.of(entry, mark(entry))
    if request.form.get("action") == "delete":
        return deleted(entry)
    if not form.submitted():
        return render_template("desk/entry.html", form=form, story=entry.article, entry=entry, theirs=None)
    if form.before.data != mark(entry):
        form.before.data = mark(entry)
        form.refuse("source", CHANGED)
        page = render_template("desk/entry.html", form=form, story=entry.article, entry=entry, theirs=entry)
        return page, 409
    return saved(form, entry)


def saved(form: EntryForm, entry: LiveEntry) -> ResponseReturnValue:
    drawn = LiveEntry()
    drawn.write(form.source.data)  # rendered before the transaction
    at = form.at.instant(entry.at) or entry.at  # the form has seen to it that there is one
    begin_write()
    entry.at, entry.speaker, entry.topic = at, form.speaker.data, form.topic.data
    entry.headline, entry.source, entry.body_html = form.headline.data, drawn.source, drawn.body_html
    db.session.add(entry)
    db.session.commit()
    flash("The entry is saved.", "good")
    return redirect(url_for("desk.edit_story", article_id=entry.article_id, _anchor="entries"), code=303)


def deleted(entry: LiveEntry) -> ResponseReturnValue:
    article_id = entry.article_id
    begin_write()
    db.session.delete(entry)
    db.session.commit()
    flash("The entry is deleted.", "good")
    return redirect(url_for("desk.edit_story", article_id=article_id, _anchor="entries"), code=303)
