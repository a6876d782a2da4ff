"""The files of the demo magazine, read into rows that no database knows yet."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from models import (
    Article,
    Author,
    Category,
    Code,
    Comment,
    Contribution,
    Correction,
    Edition,
    LiveEntry,
    Offer,
    Page,
    Picture,
    Series,
    Tag,
    Term,
)
from models.account import Role
from models.article import Kind, Status
from models.comment import CommentState
from models.contribution import CorrectionState
from models.heat import most
from models.metering import Access
from models.money import Money
from models.pricing import normal_code
from models.quotes import curly
from models.slug import slugify
from models.writing import Sizes, write

FOLDER = Path(__file__).parent
SIZE = re.compile(r'<svg\b[^>]*\bwidth="(\d+)" height="(\d+)"')
TITLE = re.compile(r"<title[^>]*>([^<]*)</title>")
COVER = "report-cover"
STILL_VALID = timedelta(days=365)


@dataclass
class Story:
    """An article with its text rendered, and the names of what it hangs together with."""

    article: Article
    category: str
    authors: list[str]
    tags: list[str]
    picture: str
    comments: list[tuple[Comment, list[Comment]]] = field(default_factory=list)  # each with its replies
    corrections: list[Correction] = field(default_factory=list)


@dataclass
class Demo:
    """Everything, as rows that are not yet kept."""

    categories: list[Category]
    authors: list[Author]
    tags: list[Tag]
    pictures: list[Picture]
    stories: list[Story]
    pages: list[Page]
    offer: Offer
    codes: list[tuple[Code, set[str]]]  # each with the slugs of the editions it is for
    publication: dict[str, str]
    terms: list[Term]
    series: list[tuple[Series, list[str]]]  # each with the slugs of its stories, in order
    tips: list[Contribution]


def read(now: datetime) -> Demo:
    """Read and render all of it. Were the newest story still to come, every date moves back by whole days."""
    magazine = yaml.safe_load((FOLDER / "magazine.yaml").read_text(encoding="utf-8"))
    sources = [(path.stem, *_parts(path)) for path in sorted((FOLDER / "articles").glob("*.md"))]
    newest = max(moment for _, front, _ in sources for moment in _moments(front))
    shift = timedelta(days=max(0, (newest - now).days + 1))
    pictures = [_picture(path) for path in sorted((FOLDER / "drawings").glob("*.svg"))]
    sizes = {picture.key: (picture.width, picture.height) for picture in pictures}
    stories = [_story(slug, _shifted(front, shift), text, sizes) for slug, front, text in sources]
    _describe(pictures, stories)
    tags = {tag["name"]: tag for tag in magazine["tags"]}
    named = [*tags, *(name for story in stories for name in story.tags), *magazine["board"]]
    return Demo(
        [Category(**given, position=place) for place, given in enumerate(magazine["categories"])],
        [_author(given) for given in magazine["authors"]],
        [_tag(name, tags.get(name, {}), magazine["board"]) for name in dict.fromkeys(named)],
        pictures,
        stories,
        [_page(path, newest - shift) for path in sorted((FOLDER / "pages").glob("*.md"))],
        _offer(magazine["offer"]),
        [_code(given, newest, now) for given in magazine["offer"]["codes"]],
        _publication(magazine),
        [Term(**given | {"meaning": curly(given["meaning"])}) for given in magazine["glossary"]],
        [_series(given) for given in magazine["series"]],
        [_tip(given) for given in _shifted(magazine["tips"], shift)],
    )


def _parts(path: Path) -> tuple[dict[str, Any], str]:
    """Front matter and text."""
    _, front, text = path.read_text(encoding="utf-8").split("---\n", 2)
    return yaml.safe_load(front), text.strip() + "\n"


def _moments(value: Any) -> list[datetime]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [moment for part in value for moment in _moments(part)]
    return [value] if isinstance(value, datetime) else []


def _shifted(value: Any, shift: timedelta) -> Any:
    """The same front matter with every moment earlier."""
    if isinstance(value, dict):
        return {name: _shifted(part, shift) for name, part in value.items()}
    if isinstance(value, list):
        return [_shifted(part, shift) for part in value]
    return value - shift if isinstance(value, datetime) else value


def _picture(path: Path) -> Picture:
    found = SIZE.search(path.read_text(encoding="utf-8"))
    if not found:
        raise ValueError(f"{path.name} does not say its width and height")
    return Picture(key=path.stem, content_type="image/svg+xml", width=int(found[1]), height=int(found[2]))


def _describe(pictures: list[Picture], stories: list[Story]) -> None:
    """What a story says of its picture is known of it in the library too."""
    told = {story.picture: story.article for story in stories}
    for picture in pictures:
        if article := told.get(picture.key):
            picture.alt, picture.caption = article.picture_alt, article.picture_caption
            picture.credit = article.picture_credit


def _author(given: dict[str, str]) -> Author:
    return Author(slug=given["slug"], name=given["name"], bio=curly(given["bio"]), role=given["role"])


def _tag(name: str, given: dict[str, str], board: list[str]) -> Tag:
    place = board.index(name) + 1 if name in board else None
    return Tag(
        slug=slugify(name),
        name=name,
        meaning=curly(given.get("meaning", "")),
        source=given.get("source", ""),
        board_position=place,
    )


def _story(slug: str, front: dict[str, Any], text: str, sizes: Sizes) -> Story:
    words = {name: curly(front.get(name, "")) for name in ("title", "standfirst")}
    picture = {f"picture_{name}": curly(front.get(f"image_{name}", "")) for name in ("alt", "caption", "credit")}
    article = Article(
        slug=slug,
        kind=Kind(front.get("kind", "article")),
        status=Status.PUBLISHED,
        access=Access(front["access"]),
        free_from=front.get("free_from"),
        **words,
        **picture,
        picture_focus=front.get("image_focus", ""),
        published_at=front["date"],
        updated_at=front.get("updated"),
        created_at=front["date"],
        saved_at=front.get("updated") or front["date"],
        is_lead=front.get("lead", False),
        reads=front.get("reads", 0),
        heat=most(front.get("reads", 0), front["date"]),  # as if all had come on the first day
        opened_at=front.get("opened"),
        closed_at=front.get("closed"),
        place=front.get("place", ""),
        other_place=front.get("other_place", ""),
        other_zone=front.get("other_zone", ""),
    )
    article.write(text, written=write(text, sizes=sizes))
    article.entries = [_entry(given, sizes) for given in front.get("entries", [])]
    reply = partial(_comment, authors=front["authors"])
    comments = [
        (reply(given), [reply(answer) for answer in given.get("replies", [])]) for given in front.get("comments", [])
    ]
    corrections = [_correction(given) for given in front.get("corrections", [])]
    named = front["category"], front["authors"], front.get("tags", []), front.get("image", "")
    return Story(article, *named, comments, corrections)


def _entry(given: dict[str, Any], sizes: Sizes) -> LiveEntry:
    words = {name: curly(given.get(name, "")) for name in ("speaker", "topic", "headline")}
    entry = LiveEntry(at=given["at"], **words)
    entry.write(given["body"], sizes=sizes)
    return entry


def _comment(given: dict[str, Any], authors: list[str]) -> Comment:
    return Comment(
        state=CommentState(given.get("state", "approved")),
        name=given["name"],
        email=given.get("email", ""),
        body_html=write(given["body"]).body,
        written_at=given["at"],
        by_author=slugify(given["name"]) in authors,
    )


def _correction(given: dict[str, Any]) -> Correction:
    """One that was accepted."""
    return Correction(
        state=CorrectionState.ACCEPTED,
        name=curly(given["name"]),
        email=given["email"],
        body=curly(given["body"]),
        sent_at=given["at"],
        note=curly(given["note"]),
        noted_at=given["noted"],
    )


def _series(given: dict[str, Any]) -> tuple[Series, list[str]]:
    words = {name: curly(given[name]) for name in ("title", "description")}
    return Series(slug=given["slug"], **words), given["stories"]


def _tip(given: dict[str, Any]) -> Contribution:
    words = {name: curly(given[name]) for name in ("name", "subject", "body")}
    return Contribution(email=given["email"], sent_at=given["at"], **words)


def _page(path: Path, at: datetime) -> Page:
    front, text = _parts(path)
    page = Page(
        slug=path.stem,
        title=curly(front["title"]),
        standfirst=curly(front.get("standfirst", "")),
        status=Status.PUBLISHED,
        published_at=at,
        updated_at=at,
    )
    page.write(text)
    return page


def _offer(given: dict[str, Any]) -> Offer:
    words = {name: curly(given[name]) for name in ("title", "kicker", "standfirst", "partner", "disclosure")}
    cover = TITLE.search((FOLDER / "drawings" / f"{COVER}.svg").read_text(encoding="utf-8"))
    return Offer(
        slug=given["slug"],
        **words,
        summary=words["standfirst"],
        contents=given["contents"],
        cover_key=COVER,
        cover_alt=cover[1] if cover else "",
        editions=[
            Edition(
                slug=slug,
                name=edition["name"],
                pages=edition["pages"],
                file=edition["file"],
                price=Money(edition["price_minor"], edition["currency"]),
                facts=edition["facts"],
                position=place,
            )
            for place, (slug, edition) in enumerate(given["editions"].items())
        ],
    )


def _code(given: dict[str, Any], newest: datetime, now: datetime) -> tuple[Code, set[str]]:
    """A code and its editions. One that was valid when the demo was written still is, whatever the year."""
    ends = given["ends_at"] if given["ends_at"] < newest else max(given["ends_at"], now + STILL_VALID)
    code = Code(
        text=normal_code(given["code"]),
        basis_points=given["basis_points"],
        note=given["note"],
        ends_at=ends,
        max_redemptions=given["max_redemptions"],
    )
    ours = "china-internet-report" in given["products"]
    return code, set(given["editions"]) if ours else set()


def _publication(magazine: dict[str, Any]) -> dict[str, str]:
    return {
        "motto": curly(magazine["motto"]),
        "colophon": curly(magazine["colophon"]),
        "wordmark_hanzi": magazine["hanzi"],
        "publisher": "Stichting Bovenburen",
        "address": "Oudegracht 999, 3511 AB Utrecht, the Netherlands",
        "email": "redactie@upstairs.example",
    }


SIGN_INS = {  # setting with the password: address, name, role
    "DEMO_READER_PASSWORD": ("reader@upstairs.example", "Robin Reader", Role.READER),
    "DEMO_PATRON_PASSWORD": ("patron@upstairs.example", "Pim Patron", Role.READER),
    "DEMO_EDITOR_PASSWORD": ("editor@upstairs.example", "Marit Olderzand", Role.EDITOR),
}
