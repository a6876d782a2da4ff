"""From the story's form to its row, and nothing lost when two people write at once."""

from datetime import datetime

from blueprints.desk.forms import StoryForm
from blueprints.desk.moving import settle
from models import Article, Author, Category, LiveEntry, Picture, Series, begin_write, db
from models.article import Kind, SourceFormat, Status
from models.editing import (
    follows_title,
    free_slug,
    is_taken,
    missing,
    tags_named,
    unset_other_leads,
    was_out,
)
from models.metering import Access
from models.sequence import last_part
from models.slug import slugify
from models.writing import Written, write

PICTURE_WORDS = ("picture_alt", "picture_caption", "picture_credit")


class SavedMeanwhile(Exception):
    """Somebody else saved this story after the form was opened."""


class Refused(Exception):
    """A rule says no; `sentences` are by field name."""

    def __init__(self, sentences: dict[str, str]) -> None:
        super().__init__(sentences)
        self.sentences = sentences


def render(form: StoryForm, story: Article | None) -> Written:
    """The posted text as HTML. Slow: before any write transaction."""
    html = story is not None and story.source_format is SourceFormat.HTML
    return write(form.source.data, html=html, sizes=Picture.sizes_in(form.source.data))


def keep(form: StoryForm, story: Article | None, action: str, now: datetime) -> Article:
    """Save what was posted and do what the button says, in one transaction.

    Raises SavedMeanwhile or Refused; then nothing has changed.
    """
    written = render(form, story)
    begin_write()
    try:
        kept = _locked(story.id, form.saved_at.data) if story else _blank()
        slug, before, known = address(form, kept, now), kept.slug, was_out(kept, now)
        fill(kept, form, written)
        kept.slug, kept.saved_at = slug, now
        db.session.add(kept)
        _act(kept, action, now)
        lacks = missing(kept) if kept.status is Status.PUBLISHED else {}
        if lacks:
            raise Refused(lacks)
        if kept.status is Status.PUBLISHED or known:
            settle(f"/articles/{before}", f"/articles/{slug}", known=known)
        if kept.is_lead:
            db.session.flush()
            unset_other_leads(kept)
        db.session.commit()
    except (SavedMeanwhile, Refused):
        db.session.rollback()
        raise
    return kept


def _blank() -> Article:
    return Article(status=Status.DRAFT, source_format=SourceFormat.MARKDOWN)


def _locked(story_id: int, saved_at: str) -> Article:
    story = db.session.get_one(Article, story_id, with_for_update=True, populate_existing=True)
    if story.saved_at.isoformat() != saved_at:
        raise SavedMeanwhile
    return story


def _act(story: Article, action: str, now: datetime) -> None:
    if action == "publish":
        story.publish(now)
    elif action == "unpublish":
        story.unpublish()
    elif action == "close":
        story.close(now)
    elif action == "reopen":
        story.reopen()
    if story.status is Status.PUBLISHED:
        story.published_at = story.published_at or now  # emptied by hand: what is out has a date
        if story.kind is Kind.LIVEBLOG:
            story.opened_at = story.opened_at or story.published_at


def fill(story: Article, form: StoryForm, written: Written) -> None:
    """Set what the form says, but for the address. Adds nothing to the session, so a preview may use it."""
    story.title, story.standfirst = form.title.data, form.standfirst.data.strip()
    story.write(form.source.data, story.source_format, written)
    story.access, story.kind = Access(form.access.data), Kind(form.kind.data)
    story.free_from = form.free_from.instant(story.free_from) if story.access is Access.PATRONS_FIRST else None
    story.category = db.session.get(Category, form.category.data) if form.category.data else None
    story.series, story.series_position = series_place(form, story)
    story.tags = tags_named(form.tags.names)
    chosen = [db.session.get(Author, author_id) for author_id in form.authors.data or []]
    story.set_authors([author for author in chosen if author])
    fill_picture(story, form)
    story.is_lead = form.is_lead.data
    story.place, story.other_place = form.place.data, form.other_place.data
    story.other_zone = form.other_zone.data
    story.published_at = form.published_at.instant(story.published_at)
    story.updated_at = form.updated_at.instant(story.updated_at)


def fill_picture(story: Article, form: StoryForm) -> None:
    """A picture that is new here brings its own words where none were typed, or only those of the one before it."""
    picture = Picture.by_key(form.chosen_picture) if form.chosen_picture else None
    is_new = picture is not None and picture is not story.picture
    for name in PICTURE_WORDS:
        typed, stood = form[name].data, getattr(story, name) or ""
        own = getattr(picture, name.removeprefix("picture_")) if is_new and typed in {"", stood} else ""
        setattr(story, name, own or typed)
    story.picture, story.picture_focus = picture, form.picture_focus.data


def series_place(form: StoryForm, story: Article) -> tuple[Series | None, int]:
    """The series chosen and the place in it; the last when none is typed."""
    chosen = db.session.get(Series, form.series.data) if form.series.data else None
    if chosen is None:
        return None, 0
    typed = form.series_position.data
    return chosen, int(typed) if typed else last_part(chosen, besides=story.id) + 1


def address(form: StoryForm, story: Article, now: datetime) -> str:
    """The story's address: typed, or made from the title. Readers' links break only when the editor says so.

    Raises Refused.
    """
    typed, before = form.slug.data, story.slug
    known = bool(before) and was_out(story, now)
    by_hand = typed and typed != before
    if not by_hand and before and (known or (typed and not follows_title(story))):
        return before
    if not by_hand:
        return free_slug(form.title.data, story.id)
    wanted = slugify(typed)
    if wanted == before:
        return before
    if known and not form.move.data:
        known_as = f"Readers know this story as /articles/{before}."
        raise Refused({"slug": f"{known_as} Tick the box below to change that, or write the old address here."})
    if is_taken(wanted, story.id):
        raise Refused({"slug": f"Another story is at /articles/{wanted}. Choose another address."})
    return wanted


def sketch(form: StoryForm, story: Article | None) -> Article:
    """The story as posted, for a preview: complete, and in no session."""
    drawn = Article(
        id=0,
        slug=story.slug if story else form.slug.data or "preview",
        source_format=story.source_format if story else SourceFormat.MARKDOWN,
        status=Status.DRAFT,
        picture=story.picture if story else None,
        **({name: getattr(story, name) for name in PICTURE_WORDS} if story else {}),
        reads=0,
        published_at=story.published_at if story else None,
        updated_at=story.updated_at if story else None,
        opened_at=story.opened_at if story else None,
        closed_at=story.closed_at if story else None,
    )
    fill(drawn, form, render(form, story))
    drawn.entries = [_copy(entry) for entry in story.entries] if story else []
    return drawn


def _copy(entry: LiveEntry) -> LiveEntry:
    """The same entry outside the session: taking the row itself would draw the sketch into it."""
    names = "id at speaker topic headline source body_html is_pinned corrected_at correction".split()
    return LiveEntry(**{name: getattr(entry, name) for name in names})
