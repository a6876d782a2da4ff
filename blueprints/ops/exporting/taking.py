"""Makes rows of what a folder says, with no transaction open: texts are rendered and cleaned here."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import nh3

from blueprints.ops.exporting import shapes
from blueprints.ops.exporting.reading import Folder, Story, Told, mapping, threaded
from blueprints.ops.exporting.yaml_files import NotTaken
from models import Article, Comment, Correction, LiveEntry, Page, Picture
from models.article import SourceFormat
from models.clean_html import ATTRIBUTES, CLASSES, TAGS
from models.contribution import CorrectionState
from models.html_tree import inner_html, parse
from models.writing import write

# What our own rendering puts around cleaned words (models/writing.py), which a text that was rendered once may keep.
DRESS = {"hashtag", "table", "gloss__term", *(f"pull-quote__{part}" for part in ("hanzi", "words", "source"))}
RENDERED = {"a": {"rel", "aria-label"}, "div": {"tabindex", "role", "aria-label"}, "img": {"loading", "decoding"}}
RENDERED |= {"source": {"type", "srcset", "sizes"}}


@dataclass(slots=True)
class Made:
    """A story with all that hangs on it, not yet saved; the words under which it finds its category and the like."""

    story: Story
    row: Article
    corrections: list[Correction] = field(default_factory=list)
    comments: list[tuple[Comment, str]] = field(default_factory=list)  # each with the address of its account


class Numbers:
    """Keeps the numbers that rows had, which are in addresses (#comment-12), and gives new ones to those without."""

    def __init__(self, folder: Folder) -> None:
        self.next = {name: count(folder.highest[name] + 1) for name in ("article", "live_entry", "comment", "picture")}

    def of(self, kind: str, values: dict[str, Any]) -> dict[str, Any]:
        return values if values.get("id") else values | {"id": next(self.next[kind])}


def made(folder: Folder, numbers: Numbers) -> Iterator[Made]:
    """Every story, in the order of the files' names. Asks the database which pictures a text names."""
    for story in folder.stories():
        values = numbers.of("article", shapes.ARTICLE.read(story.front, story.where))
        form = values.pop("source_format")
        article = Article(**values)
        sizes = Picture.sizes_in(story.text)
        article.write(story.text, form, write(story.text, html=form is SourceFormat.HTML, sizes=sizes))
        article.entries = [_entry(mapping(each, story.where), story, numbers) for each in story.listed("entries")]
        ready = Made(story, article)
        ready.corrections = [
            Correction(state=CorrectionState.ACCEPTED, note=note, noted_at=at, sent_at=at)
            for note, at in story.corrections()
            if (story.slug, note, at) not in folder.noted
        ]
        ready.comments = list(_comments(story, numbers))
        yield ready


def page(where: str, front: Told, text: str) -> Page:
    values = shapes.PAGE.read(front, where)
    form = values.pop("source_format")
    row = Page(**values)
    row.write(text, form, write(text, html=form is SourceFormat.HTML, sizes=Picture.sizes_in(text)))
    return row


def _entry(given: Told, story: Story, numbers: Numbers) -> LiveEntry:
    entry = LiveEntry(**numbers.of("live_entry", shapes.ENTRY.read(given, story.where)))
    if given.get("html"):
        entry.body_html = rendered(str(given["html"]))
    else:
        source = str(given.get("body") or "")
        entry.write(source, sizes=Picture.sizes_in(source))
    return entry


def _comments(story: Story, numbers: Numbers) -> Iterator[tuple[Comment, str]]:
    given_numbers: dict[int, int] = {}  # by the place of the comment in memory, while the story is there
    for given, parent in threaded(story.comments, story.where):
        values = numbers.of("comment", shapes.COMMENT.read(given, f"A comment under {story.where}"))
        given_numbers[id(given)] = values["id"]
        comment = Comment(**values, parent_id=given_numbers[id(parent)] if parent is not None else None)
        if given.get("html"):
            comment.body_html = rendered(str(given["html"]))
        else:
            comment.write(str(given.get("body") or ""))
        yield comment, str(given.get("account") or "")


def rendered(html: str) -> str:
    """HTML that we rendered once and whose source nobody has: cleaned again, and as it was if it was clean.

    Raises nothing: what may not be there goes.
    """
    attributes = {name: ATTRIBUTES.get(name, set()) | RENDERED.get(name, set()) for name in {*ATTRIBUTES, *RENDERED}}
    sound = nh3.clean(
        html,
        tags=TAGS | {"picture", "source"},
        clean_content_tags={"script", "style", "iframe", "object", "svg", "math", "template", "noscript", "title"},
        attributes=attributes,
        attribute_filter=_value,
        allowed_classes={
            tag: DRESS | CLASSES.get(tag, set()) for tag in ("aside", "div", "p", "section", "span", "sup")
        },
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
    )
    return inner_html(parse(sound))


def _value(tag: str, name: str, value: str) -> str | None:
    ours = {"src", "srcset"}
    return value if name not in ours or value.startswith("/media/") else None


def checked_key(given: Told, where: str) -> str:
    """A picture's key, which is a file's name and part of an address. Raises NotTaken."""
    key = str(given.get("key") or "")
    if not key or not all(sign.isalnum() or sign in "._-" for sign in key) or key.startswith((".", "-")):
        raise NotTaken(f"{where} has a key that no picture can have.")
    return key
