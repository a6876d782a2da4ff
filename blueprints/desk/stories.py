"""The list of stories; writing, previewing and publishing one."""

from dataclasses import dataclass
from datetime import datetime

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import Form as AnyForm

from blueprints.desk.area import bp
from blueprints.desk.forms import ACCESS, StoryForm
from blueprints.desk.saving import Refused, SavedMeanwhile, keep, sketch
from blueprints.filters import clock, day, day_short
from models import Article, Offer, begin_write, db, utcnow
from models.article import Kind, SourceFormat
from models.editing import DeskState, entry_counts, how_many, in_state, missing, state_of, waits, was_out
from models.metering import VISITOR, Viewer
from models.presenting import Presented, may_read, present

A_PAGE = 30  # stories
STAFF = Viewer(is_signed_in=True, is_staff=True)
STATE_NAMES = {
    DeskState.DRAFT: "Drafts",
    DeskState.SCHEDULED: "Scheduled",
    DeskState.PUBLISHED: "Published",
    DeskState.PRIVATE: "Private",
}
SQUARES = {DeskState.PUBLISHED: "full", DeskState.SCHEDULED: "half"}
ACTIONS = {"save", "preview", "publish", "unpublish", "close", "reopen", "entry"}
DONE = {
    "save": "Saved.",
    "publish": "The story is out.",
    "unpublish": "The story is a draft again; readers no longer see it.",
    "close": "The liveblog is closed.",
    "reopen": "The liveblog is open again.",
    "entry": "Saved. Now the entry.",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One story in the list."""

    story: Article
    square: str  # full, half or empty
    words: str  # its state
    waits: bool


def row(story: Article, entries: int, now: datetime) -> Row:
    state = state_of(story, now)
    return Row(story, SQUARES.get(state, "empty"), in_words(story, state, entries, now), waits(story, now))


def in_words(story: Article, state: DeskState, entries: int, now: datetime) -> str:
    at = story.published_at
    if state is DeskState.PRIVATE:
        return "Private, for staff only"
    if state is DeskState.DRAFT:
        return f"Draft, was to go out {day_short(at)}" if at and waits(story, now) else "Draft"
    if state is DeskState.SCHEDULED:
        return f"Goes out {day_short(at)}, {clock(at)}" if at else "Without a date"
    if story.kind is not Kind.LIVEBLOG:
        return "Published"
    many = f"{entries} entr{'y' if entries == 1 else 'ies'}"
    return f"Live now, {many}" if story.is_open else f"Closed, {many}"


@bp.get("")
def stories() -> ResponseReturnValue:
    now, state = utcnow(), request.args.get("state", "")
    if state and state not in set(DeskState):
        abort(404)
    found = Article.for_desk()
    if state:
        found = found.where(in_state(DeskState(state), now))
    shelf = db.paginate(found, page=request.args.get("page", 1, type=int), per_page=A_PAGE, max_per_page=A_PAGE)
    entries = entry_counts(story for story in shelf.items if story.kind is Kind.LIVEBLOG)
    return render_template(
        "desk/stories.html",
        rows=[row(story, entries.get(story.id, 0), now) for story in shelf.items],
        shelf=shelf,
        state=state,
        counts=how_many(now),
        names=STATE_NAMES,
        access_names=ACCESS,
    )


@bp.route("/articles/new", methods=["GET", "POST"])
def new_story() -> ResponseReturnValue:
    return at_work(None)


@bp.route("/articles/<int:article_id>", methods=["GET", "POST"])
def edit_story(article_id: int) -> ResponseReturnValue:
    return at_work(db.session.get(Article, article_id) or abort(404))


@bp.post("/articles/<int:article_id>/free")
def set_free(article_id: int) -> ResponseReturnValue:
    """With one click: what people need to know is open to all, or asks again what it asked before."""
    begin_write()
    story = db.session.get(Article, article_id, with_for_update=True) or abort(404)
    if request.form.get("free"):
        story.set_free(utcnow())
        flash("The story is free for everybody.", "good")
    else:
        story.close_again()
        flash("The story asks again what it asked before.", "good")
    db.session.commit()
    back = "desk.stories" if request.form.get("next") else "desk.edit_story"
    return redirect(url_for(back, article_id=None if request.form.get("next") else article_id), code=303)


def at_work(story: Article | None) -> ResponseReturnValue:
    """Show the form, or do what its button says. Whatever goes wrong, the page comes back with all that was typed."""
    now, form = utcnow(), StoryForm.of(story)
    action = request.form.get("action", "save")
    if request.method == "POST" and action not in ACTIONS:
        action = "save"
    if action == "preview":
        return preview(form, story, now)
    if not form.submitted():
        return show(form, story, now)
    try:
        kept = keep(form, story, action, now)
    except Refused as refused:
        for name, sentence in refused.sentences.items():
            form.refuse(name, sentence)
        return show(form, story, now)
    except SavedMeanwhile:
        return both_versions(form, story)
    flash(said(action, kept, now), "good")
    view = "desk.new_entry" if action == "entry" else "desk.edit_story"
    return redirect(url_for(view, article_id=kept.id), code=303)


def said(action: str, story: Article, now: datetime) -> str:
    if action == "publish" and story.published_at and not story.is_visible(now):
        return f"The story goes out on {day(story.published_at)}, {clock(story.published_at)}."
    return DONE[action]


def show(form: AnyForm, story: Article | None, now: datetime, **more: object) -> str:
    """The editor's page. Beside the text stands what was saved last, as readers will see it."""
    entries = entry_counts([story]) if story else {}
    return render_template(
        "desk/story.html",
        form=form,
        story=story,
        row=row(story, entries.get(story.id, 0), now) if story else None,
        is_public=bool(story and story.is_visible(now)),
        was_out=bool(story and was_out(story, now)),
        is_html=bool(story and story.source_format is SourceFormat.HTML),
        lacks=missing(story) if story else {},
        shown=present(story, STAFF) if story else None,
        teaser=present(story, VISITOR) if story and not may_read(story, VISITOR) else None,
        **{"theirs": None, **more},
    )


def both_versions(form: StoryForm, story: Article | None) -> ResponseReturnValue:
    """Somebody saved first: their version beside what was typed here. Saving again keeps this one, knowingly."""
    theirs = db.session.get_one(Article, story.id, populate_existing=True) if story else abort(404)
    form.saved_at.data = theirs.saved_at.isoformat()
    return show(form, theirs, utcnow(), theirs=StoryForm(data=_words_of(theirs))), 409


def _words_of(story: Article) -> dict[str, str]:
    return {"title": story.title, "standfirst": story.standfirst, "source": story.source}


def preview(form: StoryForm, story: Article | None, now: datetime) -> ResponseReturnValue:
    """The posted text on the magazine's own page. Saves nothing."""
    form.validate()  # what cannot be read is left out of the preview; the form in the other tab keeps it
    drawn = sketch(form, story)
    shown = present(drawn, STAFF)
    return render_template(
        "magazine/liveblog.html" if drawn.kind is Kind.LIVEBLOG else "magazine/article.html",
        article=drawn,
        shown=shown,
        cards=cards(shown),
        replies=[],
        notes=[],
        parts=[],
        terms=[],
        saved=False,
        gives=False,
        place=None,
        related=[],
        following=None,
        now=now,
        told=None,
        is_patron=True,
        is_visible=False,
        newest_first=drawn.is_open,
        notices=[("", "This is a preview. It is not saved; your text is in the tab you came from.")],
    )


def cards(shown: Presented) -> dict[str, tuple[Offer]]:
    """The offers this text has cards for, at the list price."""
    found = {str(block): Offer.by_slug(str(block)) for kind, block in shown.blocks if kind == "offer"}
    return {slug: (offer,) for slug, offer in found.items() if offer}
