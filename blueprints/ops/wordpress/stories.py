"""Turns what the export holds into rows, not yet saved: titles, states, dates, rendered texts. Takes no lock."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from blueprints.ops.wordpress import body
from blueprints.ops.wordpress.report import Report
from blueprints.ops.wordpress.wxr import Export, Item, Reply
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
LEFT_OUT = {"trash": "in WordPress's bin", "auto-draft": "drafts never saved", "inherit": "revisions"}
KINDS = {
    "attachment": "media files (they stay where they are; texts link to them)",
    "nav_menu_item": "menu entries",
    "revision": "revisions",
    "wp_navigation": "menus",
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
class Replies:
    """A story's replies in the order of the file, by their key; `parents` names the key of what each answers."""

    rows: dict[str, Comment] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Ready:
    """Everything new in the export. The items go along for their slugs, authors and terms."""

    articles: list[tuple[Item, Article]] = field(default_factory=list)
    pages: list[tuple[Item, Page]] = field(default_factory=list)
    replies: dict[str, Replies] = field(default_factory=dict)  # by the key of their article


def make_ready(export: Export, known: set[str], access: Access, now: datetime, report: Report) -> Ready:
    """`known` are the keys (imported_from) of stories, pages and replies that are here already."""
    ready, counts = Ready(), Counter[str]()
    seen: dict[str, str] = {}
    users = {person.login: person.number for person in export.people}
    for item in export.items:
        if not _is_wanted(item, report):
            continue
        key = _key(item, export, seen)
        if not key:
            report.refused.append((item.title, "it stands in the file twice; the first was taken."))
            continue
        seen[key] = item.number
        if key in known:
            report.already_here["posts" if item.kind == "post" else "pages"] += 1
        elif item.kind == "post":
            ready.articles.append((item, _article(item, key, export.link, access, now, counts, report)))
        else:
            ready.pages.append((item, _page(item, key, export.link, now, counts, report)))
        if item.kind == "post":
            ready.replies[key] = _replies(item, export.link, known, users.get(item.creator, ""), now, report)
        elif item.replies:
            report.passed_over["comments on pages (pages here have none)"] += len(item.replies)
    _say_what_changed(counts, report)
    return ready


def _is_wanted(item: Item, report: Report) -> bool:
    if item.kind not in {"post", "page"}:
        report.passed_over[KINDS.get(item.kind, f"items of the kind “{item.kind or 'none'}”")] += 1
    elif item.status in LEFT_OUT:
        report.passed_over[f"{item.kind}s: {LEFT_OUT[item.status]}"] += 1
    else:
        return True
    return False


def _key(item: Item, export: Export, seen: dict[str, str]) -> str:
    """The guid; where two items share one, as copies made by plugins do, the second is told by its number."""
    key = item.guid or f"{export.link}/?p={item.number}"
    if key not in seen:
        return key
    other = f"{key}#post-{item.number}"
    return "" if seen[key] == item.number or other in seen else other


def _say_what_changed(counts: Counter[str], report: Report) -> None:
    for what, sentence in (
        ("pictures", "pictures turned into links"),
        ("media", "recordings, films and embedded pages turned into links"),
        ("shortcodes", "shortcodes taken out (what they enclose stays)"),
        ("galleries", "shortcodes of them galleries, whose pictures are not shown"),
        ("lead", "lead pictures left out"),
        ("sticky", "stories no longer kept on top"),
    ):
        report.changed[sentence] += counts[what]


def _article(
    item: Item, key: str, site: str, access: Access, now: datetime, counts: Counter[str], report: Report
) -> Article:
    text = body.ready(item.body, site, counts)
    title = _title(item, text, report)
    article = Article(
        title=title,
        standfirst=body.plain(item.excerpt),
        status=_status(item, title, now, report),
        access=access,
        published_at=item.at,
        created_at=item.at or now,
        saved_at=item.saved_at or item.at or now,
        imported_from=key,
    )
    article.write(text, SourceFormat.HTML)
    counts["lead"] += item.has_picture
    counts["sticky"] += item.is_sticky
    report.taken[f"posts, {_state(article.status, item, now)}"] += 1
    return article


def _page(item: Item, key: str, site: str, now: datetime, counts: Counter[str], report: Report) -> Page:
    text = body.ready(item.body, site, counts)
    title = _title(item, text, report)
    status = _status(item, title, now, report)
    if status is Status.PUBLISHED and item.at and item.at > now:
        status = Status.DRAFT
        report.notes.append((title, "a page cannot wait for its date; kept as a draft."))
    page = Page(
        title=title,
        standfirst=body.plain(item.excerpt),
        status=status,
        published_at=item.at,
        imported_from=key,
    )
    page.write(text, SourceFormat.HTML)
    counts["lead"] += item.has_picture
    report.taken[f"pages, {_state(status, item, now)}"] += 1
    return page


def _state(status: Status, item: Item, now: datetime) -> str:
    return "scheduled" if status is Status.PUBLISHED and item.at and item.at > now else str(status.value)


def _title(item: Item, text: str, report: Report) -> str:
    title = body.plain(item.title)
    if title:
        return title
    title = body.opening_words(text) or "Untitled"
    report.notes.append(
        (
            title,
            "it had no title; these are its first words." if title != "Untitled" else "it had neither title nor text.",
        )
    )
    return title


def _status(item: Item, title: str, now: datetime, report: Report) -> Status:
    status = STATUSES.get(item.status, Status.DRAFT)
    if item.status not in STATUSES:
        report.notes.append((title, f"its state “{item.status}” is not known here; kept as a draft."))
    if item.has_password and status is Status.PUBLISHED:
        report.notes.append((title, "it asked for a password; kept as a draft."))
        return Status.DRAFT
    if item.at is None and status is Status.PUBLISHED:
        report.notes.append((title, "it was published without a date; kept as a draft."))
        return Status.DRAFT
    if item.status == "future" and item.at and item.at <= now:
        report.notes.append((title, "the date it was scheduled for has passed; it is out now."))
    return status


def _replies(item: Item, site: str, known: set[str], writer: str, now: datetime, report: Report) -> Replies:
    found = Replies()
    numbers = {reply.number for reply in item.replies if reply.kind in REPLY_KINDS}
    for reply in item.replies:
        key = f"wp:{site}#comment-{reply.number}"
        if reply.kind not in REPLY_KINDS:
            report.passed_over[f"comments of the kind “{reply.kind}”, which are a plugin's"] += 1
        elif not reply.number or key in found.rows:
            report.refused.append((item.title, f"a comment by {reply.name or 'nobody'} has no number of its own."))
        elif key in known:
            report.already_here["comments"] += 1
        else:
            found.rows[key] = _comment(reply, key, site, writer, now, report)
            if reply.parent in numbers:
                found.parents[key] = f"wp:{site}#comment-{reply.parent}"
            elif reply.parent != "0":
                report.changed["replies whose comment is missing, shown by themselves"] += 1
    return found


def _comment(reply: Reply, key: str, site: str, writer: str, now: datetime, report: Report) -> Comment:
    state = STATES.get(reply.state, CommentState.HELD)
    report.taken[f"comments, {state.value}"] += 1
    written = write(body.ready_reply(reply.body, site), html=True)
    return Comment(
        state=state,
        kind=reply.kind,
        name=body.plain(reply.name),
        email=reply.email,
        url=reply.url,
        body_html=_without_praise(written.body),
        written_at=reply.at or now,
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
