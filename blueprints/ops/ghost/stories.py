"""The second reading of an export: turns each post into rows, not yet saved. Takes no lock, writes nothing."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from blueprints.ops.ghost import cards
from blueprints.ops.ghost.planning import NOWHERE, PLACEHOLDER, UNTITLED, Plan, text_of
from blueprints.ops.ghost.posts import VISIBILITIES, Post, moment, parted
from blueprints.ops.ghost.reading import Row
from blueprints.ops.importing.addresses import Answers, still_needed
from blueprints.ops.importing.figures import picture_mark
from blueprints.ops.importing.media import Media
from blueprints.ops.importing.report import Report
from blueprints.ops.importing.storing import Ready, Replies, circles, known
from blueprints.ops.importing.survey import Medium, Planned, Used
from blueprints.ops.importing.texts import Text, Texts, plain
from models.account import normal_email
from models.article import Article, SourceFormat, Status
from models.comment import Comment, CommentState
from models.markdown import DIVIDER_MARK
from models.metering import Access
from models.page import Page
from models.writing import write

STATUSES = {
    "published": Status.PUBLISHED,
    "scheduled": Status.PUBLISHED,  # out once its date has come
    "draft": Status.DRAFT,
    "sent": Status.PRIVATE,  # a letter that was never on the site
}
CLOSED_TO = {Access.METERED: "the meter", Access.MEMBERS: "members", Access.PATRONS: "patrons"}
STATES = {"published": CommentState.APPROVED, "hidden": CommentState.REFUSED}


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
    koenig: cards.Cards = field(default_factory=cards.Cards)  # as Ghost calls its editor
    strangers: Counter[str] = field(default_factory=Counter)  # kinds of nodes of the editor's that are not known here

    def all(self, rows: Iterable[tuple[str, Row]]) -> Iterator[Ready | None]:
        """One for each story of the plan, in the order of the file; None where there is nothing to store."""
        posts = (row for name, row in rows if name == "posts")
        for place, row in enumerate(posts, 1):
            if story := self.plan.survey.story(place):
                yield self._ready(Post.of(row), story)

    def _ready(self, post: Post, story: Planned) -> Ready | None:
        ready = Ready(story.key)
        if story.is_known:
            self.report.already_here["posts" if story.kind == "article" else "pages"] += 1
        else:
            self._tell(post, story)
            if story.kind == "article":
                self._article(post, story, ready)
            else:
                self._page(post, story, ready)
            ready.redirects = still_needed(self.plan.survey.formers(story), story.path, self.plan.survey, self.answers)
            self.report.taken["redirects from old addresses"] += len(ready.redirects)
        if story.kind == "article":
            ready.replies = self._replies(post, story)
        return ready if ready.row is not None or ready.replies.rows else None

    def _tell(self, post: Post, story: Planned) -> None:
        """What of a post does not come along."""
        if post.title in UNTITLED:
            self._say(story, "it had no title; these are its first words, if it has any.")
        if post.canonical:
            self._say(story, f"it named {post.canonical} as the place where it first stood, which is left out.")
        self.report.changed["stories whose own code (scripts, styles) was left out"] += post.has_code
        self.report.changed["stories no longer featured"] += post.is_featured

    def _article(self, post: Post, story: Planned, ready: Ready) -> None:
        text = self._text(post, story)
        article = Article(
            slug=story.slug,
            title=story.title,
            standfirst=plain(post.excerpt),
            status=self._status(post, story),
            access=self._access(post, story),
            published_at=post.at if post.status != "draft" else None,
            created_at=post.created_at or post.at or self.now,
            saved_at=post.saved_at or post.at or self.now,
            imported_from=story.key,
        )
        article.write(text.html, SourceFormat.HTML, write(text.html, html=True, sizes=text.sizes))
        medium, used = self._lead_picture(post, story)
        if medium and used.key:
            ready.picture = used.key
            article.picture_alt, article.picture_caption = medium.alt, medium.caption
            article.picture_credit = medium.credit
        shelves = self.plan.shelves
        first, *others = self.plan.public_tags(post.number) or [{}]
        ready.category = shelves.category(_said(first, "slug"), _said(first, "name")) if first else ""
        ready.tags = [shelves.tag(_said(tag, "slug"), _said(tag, "name")) for tag in others]
        ready.authors = [shelves.author(_said(user, "slug"), _said(user, "name")) for user in self.plan.writers(post)]
        ready.row = article
        self.report.taken[f"posts, {self._state(article.status, post)}"] += 1
        if article.access is not Access.FREE:
            self.report.taken[f"posts for {CLOSED_TO[article.access]} among these"] += 1

    def _page(self, post: Post, story: Planned, ready: Ready) -> None:
        medium, used = self._lead_picture(post, story)
        text = self._text(post, story, picture_mark(medium).html() if medium and used.key else "")
        status = self._status(post, story)
        if status is Status.PUBLISHED and post.at and post.at > self.now:
            status = Status.DRAFT
            self._say(story, "a page cannot wait for its date; kept as a draft.")
        if status is Status.PUBLISHED and post.visibility != "public":
            status = Status.PRIVATE
            self._say(story, "it was not for everybody, and pages here are; kept private.")
        page = Page(
            slug=story.slug,
            title=story.title,
            standfirst=plain(post.excerpt),
            status=status,
            published_at=post.at,
            imported_from=story.key,
        )
        page.write(text.html, SourceFormat.HTML, write(text.html, html=True, sizes=text.sizes))
        ready.row = page
        self.report.taken[f"pages, {self._state(status, post)}"] += 1

    def _text(self, post: Post, story: Planned, before: str = "") -> Text:
        source = text_of(post, self.plan.site.link, self.strangers)
        parted = cards.parted(source, self.report.changed)
        if post.visibility != "public" and DIVIDER_MARK not in parted and story.kind == "article":
            parted = DIVIDER_MARK + parted  # else its first lines, which Ghost showed to nobody, would be our teaser
            self.report.changed["closed stories without a divider, closed from their first word on as in Ghost"] += 1
        text = self.texts.ready(before + parted, self.koenig.reshape)
        if self.plan.is_nowhere:  # a path is better than an address that does not exist
            text.html = text.html.replace(NOWHERE, "")
            for picture in self.media.fresh:
                picture.source_url = picture.source_url if not picture.source_url.startswith(NOWHERE) else ""
        for note in text.notes:
            self._say(story, note)
        return text

    def _lead_picture(self, post: Post, story: Planned) -> tuple[Medium | None, Used]:
        """What the export says of the post's picture, and what became of it."""
        address = self.plan.site.absolute(post.picture.replace(PLACEHOLDER, self.plan.site.link))
        if not address:
            return None, Used()
        about = self.plan.tables.one("posts_meta", post.number)
        caption, credit = parted(plain(_said(about, "feature_image_caption")))
        alt = plain(_said(about, "feature_image_alt"))
        medium = Medium(f"feature:{post.number}", address, alt, caption, credit)
        used = self.media.take(address, medium)
        if used.key:
            self.report.taken["lead pictures of stories"] += 1
        else:
            self.report.changed["lead pictures left out"] += 1
            if self.media.is_wanted:
                self._say(story, f"its lead picture {address} is missing: {used.reason}.")
        return medium, used

    def _status(self, post: Post, story: Planned) -> Status:
        status = STATUSES.get(post.status, Status.DRAFT)
        if post.status not in STATUSES:
            self._say(story, f"its state “{post.status}” is not known here; kept as a draft.")
        if status is Status.PUBLISHED and post.at is None:
            self._say(story, "it was published without a date; kept as a draft.")
            return Status.DRAFT
        if post.status == "sent":
            self._say(story, "it was sent as a letter and never stood on the site; kept private.")
        if post.status == "scheduled" and post.at and post.at <= self.now:
            self._say(story, "the date it was scheduled for has passed; it is out now.")
        return status

    def _access(self, post: Post, story: Planned) -> Access:
        if post.visibility not in VISIBILITIES:
            self._say(story, f"who may read it, “{post.visibility}”, is not known here; for patrons now.")
        return post.access(self.access)

    def _state(self, status: Status, post: Post) -> str:
        return "scheduled" if status is Status.PUBLISHED and post.at and post.at > self.now else str(status.value)

    def _say(self, story: Planned, sentence: str) -> None:
        self.report.notes.append((story.title, sentence.replace(NOWHERE, "")))

    def _replies(self, post: Post, story: Planned) -> Replies:
        found = Replies()
        rows = self.plan.tables.of("comments", post.number)
        if not rows:
            return found
        keys = {str(row.get("id")): f"{story.key}#comment-{row.get('id')}" for row in rows if row.get("id")}
        here = known(Comment, keys.values())
        writers = {normal_email(_said(user, "email")) for user in self.plan.writers(post)} - {""}
        taken = {number: key for number, key in keys.items() if self._is_kept(rows, number)}
        for row in rows:
            key = taken.get(str(row.get("id")), "")
            if not key or key in found.rows:
                self.report.passed_over["comments that were deleted"] += 1
            elif key in here:
                self.report.already_here["comments"] += 1
            else:
                found.rows[key] = self._comment(row, key, writers)
                parent = str(row.get("parent_id") or "")
                if parent in taken:
                    found.parents[key] = taken[parent]
                elif parent:
                    self.report.changed["replies whose comment is missing, shown by themselves"] += 1
        for key in set(circles(found.parents)):
            self.report.changed["replies to themselves, shown by themselves"] += 1
            del found.parents[key]
        return found

    def _is_kept(self, rows: list[Row], number: str) -> bool:
        return any(str(row.get("id")) == number and row.get("status") != "deleted" for row in rows)

    def _comment(self, row: Row, key: str, writers: set[str]) -> Comment:
        member = self.plan.tables.one("members", str(row.get("member_id") or ""))
        state = STATES.get(str(row.get("status")), CommentState.HELD)
        self.report.taken[f"comments, {state.value}"] += 1
        email = normal_email(_said(member, "email"))
        html = self.texts.written_reply(_said(row, "html").replace(PLACEHOLDER, self.plan.site.link))
        return Comment(
            state=state,
            name=plain(_said(member, "name")) or "Anonymous",
            email=email,
            body_html=html.replace(NOWHERE, "") if self.plan.is_nowhere else html,
            written_at=moment(row.get("created_at")) or self.now,
            by_author=email in writers,
            imported_from=key,
        )


def _said(row: Row, name: str) -> str:
    value = row.get(name)
    return value if isinstance(value, str) else ""
