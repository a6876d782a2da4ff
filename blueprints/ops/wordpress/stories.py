"""The second reading of an export: turns each story into rows, not yet saved. Takes no lock, writes nothing."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from blueprints.ops.importing.addresses import Answers, still_needed
from blueprints.ops.importing.figures import picture_mark
from blueprints.ops.importing.media import Media
from blueprints.ops.importing.report import Report
from blueprints.ops.importing.storing import Ready, Replies, circles, known
from blueprints.ops.importing.survey import Medium, Planned, Used
from blueprints.ops.importing.texts import Text, Texts, plain
from blueprints.ops.wordpress import blocks, shortcodes
from blueprints.ops.wordpress.planning import Plan, sorted_terms
from blueprints.ops.wordpress.wxr import Item, Piece, Reply
from models.article import Article, SourceFormat, Status
from models.comment import Comment, CommentState
from models.html_tree import inner_html, parse
from models.metering import Access
from models.page import Page
from models.writing import write

STATUSES = {
    "publish": Status.PUBLISHED,
    "future": Status.PUBLISHED,  # out once its date has come
    "private": Status.PRIVATE,
    "draft": Status.DRAFT,
    "pending": Status.DRAFT,
}
STATES = {
    "1": CommentState.APPROVED,
    "approved": CommentState.APPROVED,
    "spam": CommentState.SPAM,
    "trash": CommentState.REFUSED,
    "post-trashed": CommentState.REFUSED,
}
REPLY_KINDS = {"comment", "pingback", "trackback"}


@dataclass(slots=True)
class Maker:
    """Makes stories ready one after another."""

    plan: Plan
    texts: Texts
    media: Media
    answers: Answers
    access: Access
    now: datetime
    report: Report
    shortcodes: Counter[str] = field(default_factory=Counter)  # known ones and others, by name
    strangers: Counter[str] = field(default_factory=Counter)
    filled_in: Counter[str] = field(default_factory=Counter)  # blocks

    def all(self, pieces: Iterable[Piece]) -> Iterator[Ready | None]:
        """One for each story of the plan, in the order of the file; None where there is nothing to store."""
        for place, piece in enumerate(pieces):
            story = self.plan.survey.story(place) if isinstance(piece, Item) else None
            if story is not None and isinstance(piece, Item):
                yield self._ready(piece, story)

    def _ready(self, item: Item, story: Planned) -> Ready | None:
        ready = Ready(story.key)
        if story.is_known:
            self.report.already_here["posts" if item.kind == "post" else "pages"] += 1
        elif item.kind == "post":
            self._article(item, story, ready)
        else:
            self._page(item, story, ready)
        if item.kind == "post":
            ready.replies = self._replies(item)
        elif item.replies:
            self.report.passed_over["comments on pages (pages here have none)"] += len(item.replies)
        return ready if ready.row is not None or ready.replies.rows else None

    def _article(self, item: Item, story: Planned, ready: Ready) -> None:
        text = self._text(item, story)
        article = Article(
            slug=story.slug,
            title=story.title,
            standfirst=self._standfirst(item),
            status=self._status(item, story.title),
            access=self.access,
            published_at=item.at,
            created_at=item.at or self.now,
            saved_at=item.saved_at or item.at or self.now,
            imported_from=story.key,
        )
        article.write(text.html, SourceFormat.HTML, write(text.html, html=True, sizes=text.sizes))
        medium, used = self._lead_picture(item, story)
        if medium and used.key:
            ready.picture = used.key
            article.picture_alt, article.picture_caption = medium.alt, medium.caption
            article.picture_credit = medium.credit
        main, others = sorted_terms(item.terms)
        shelves = self.plan.shelves
        ready.category = shelves.category(main.slug, main.name) if main else ""
        ready.tags = [shelves.tag(term.slug, term.name, is_category=term.kind == "category") for term in others]
        ready.authors = [self.plan.bylines.slug(nicename) for nicename in self.plan.bylines.of(item)]
        ready.row = article
        self._lead_here(story, ready)
        self.report.changed["stories no longer kept on top"] += item.is_sticky
        self.report.taken[f"posts, {self._state(article.status, item)}"] += 1

    def _page(self, item: Item, story: Planned, ready: Ready) -> None:
        medium, used = self._lead_picture(item, story)
        text = self._text(item, story, picture_mark(medium).html() if medium and used.key else "")
        status = self._status(item, story.title)
        if status is Status.PUBLISHED and item.at and item.at > self.now:
            status = Status.DRAFT
            self._say(story, "a page cannot wait for its date; kept as a draft.")
        page = Page(
            slug=story.slug,
            title=story.title,
            standfirst=self._standfirst(item),
            status=status,
            published_at=item.at,
            imported_from=story.key,
        )
        page.write(text.html, SourceFormat.HTML, write(text.html, html=True, sizes=text.sizes))
        ready.row = page
        self._lead_here(story, ready)
        self.report.taken[f"pages, {self._state(status, item)}"] += 1

    def _text(self, item: Item, story: Planned, before: str = "") -> Text:
        if not plain(item.title):
            known_words = story.title != "Untitled"
            self._say(
                story,
                "it had no title; these are its first words." if known_words else "it had neither title nor text.",
            )
        survey = self.plan.survey
        bare = blocks.without_comments(item.body, survey, self.filled_in)
        resolved = shortcodes.resolve(bare, survey, item.number)
        self.shortcodes += resolved.known
        self.strangers += resolved.unknown
        whole = blocks.with_notes(before + resolved.html, item.said("footnotes"), resolved.notes)
        text = self.texts.ready(whole, blocks.reshape)
        for note in text.notes:
            self._say(story, note)
        return text

    def _standfirst(self, item: Item) -> str:
        bare = blocks.without_comments(item.excerpt, self.plan.survey, Counter())
        return plain(shortcodes.resolve(bare, self.plan.survey, item.number).html)

    def _lead_picture(self, item: Item, story: Planned) -> tuple[Medium | None, Used]:
        """What the export says of the story's featured picture, and what became of it."""
        number = item.said("_thumbnail_id")
        if not number:
            return None, Used()
        medium = self.plan.survey.medium(number)
        used = self.media.take(medium.address, medium) if medium else Used(reason="the export does not hold it")
        if used.key:
            self.report.taken["lead pictures of stories"] += 1
        else:
            self.report.changed["lead pictures left out"] += 1
            if self.media.is_wanted:
                self._say(story, f"its lead picture {medium.address if medium else number} is missing: {used.reason}.")
        return medium, used

    def _lead_here(self, story: Planned, ready: Ready) -> None:
        survey = self.plan.survey
        ready.redirects = still_needed(survey.formers(story), story.path, survey, self.answers)
        self.report.taken["redirects from old addresses"] += len(ready.redirects)

    def _status(self, item: Item, title: str) -> Status:
        status = STATUSES.get(item.status, Status.DRAFT)
        if item.status not in STATUSES:
            self.report.notes.append((title, f"its state “{item.status}” is not known here; kept as a draft."))
        if item.has_password and status is Status.PUBLISHED:
            self.report.notes.append((title, "it asked for a password; kept private."))
            return Status.PRIVATE
        if item.at is None and status is Status.PUBLISHED:
            self.report.notes.append((title, "it was published without a date; kept as a draft."))
            return Status.DRAFT
        if item.status == "future" and item.at and item.at <= self.now:
            self.report.notes.append((title, "the date it was scheduled for has passed; it is out now."))
        return status

    def _state(self, status: Status, item: Item) -> str:
        return "scheduled" if status is Status.PUBLISHED and item.at and item.at > self.now else str(status.value)

    def _say(self, story: Planned, sentence: str) -> None:
        self.report.notes.append((story.title, sentence))

    def _replies(self, item: Item) -> Replies:
        found = Replies()
        site = self.plan.site.link
        writer = self.plan.bylines.people.get(item.creator)
        keys = {
            reply.number: f"wp:{site}#comment-{reply.number}" for reply in item.replies if reply.kind in REPLY_KINDS
        }
        here = known(Comment, keys.values()) if keys else set()
        for reply in item.replies:
            key = keys.get(reply.number, "")
            if reply.kind not in REPLY_KINDS:
                self.report.passed_over[f"comments of the kind “{reply.kind}”, which are a plugin's"] += 1
            elif not reply.number or key in found.rows:
                self.report.refused.append(
                    (item.title, f"a comment by {reply.name or 'nobody'} has no number of its own.")
                )
            elif key in here:
                self.report.already_here["comments"] += 1
            else:
                found.rows[key] = self._comment(reply, key, writer.number if writer else "")
                if reply.parent in keys:
                    found.parents[key] = keys[reply.parent]
                elif reply.parent != "0":
                    self.report.changed["replies whose comment is missing, shown by themselves"] += 1
        for key in set(circles(found.parents)):
            self.report.changed["replies to themselves, shown by themselves"] += 1
            del found.parents[key]
        return found

    def _comment(self, reply: Reply, key: str, writer: str) -> Comment:
        state = STATES.get(reply.state, CommentState.HELD)
        self.report.taken[f"{reply.kind}s, {state.value}"] += 1
        written = write(self.texts.ready_reply(reply.body), html=True)
        return Comment(
            state=state,
            kind=reply.kind,
            name=plain(reply.name),
            email=reply.email,
            url=reply.url,
            body_html=_without_praise(written.body),
            written_at=reply.at or self.now,
            by_author=reply.user != "0" and reply.user == writer,
            imported_from=key,
        )


def _without_praise(clean: str) -> str:
    """Links by readers tell search engines nothing."""
    root = parse(clean)
    for element in root.elements():
        if element.tag == "a":
            element.attributes["rel"] = "nofollow ugc"
    return inner_html(root)
