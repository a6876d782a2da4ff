"""A hit in its context: the line in which what was asked for stands, marked. Made of what this reader may read."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from markupsafe import Markup, escape

from models.article import Article
from models.hanzi import pieces
from models.metering import Access, Decision, Viewer
from models.plain import cut
from models.presenting import Presented, fetch_texts, present
from models.search_index import simplified
from models.search_text import Run, hits, words
from models.searching import Hit, stories

BEFORE, WIDE = 70, 210  # characters before the hit, and in the whole line
TOGETHER = 120  # characters within which hits are seen at once
JOINER = "\u200d"  # makes one character of two
PAUSE = re.compile("[ 。！？；，、：]")  # after which a line may begin
OPENING = {"text": "", "hanzi": '<span lang="zh">', "hashtag": '<span class="hashtag" lang="zh">'}
CLOSING = {"text": "", "hanzi": "</span>", "hashtag": "</span>"}
CLOSED = {
    Decision.METER: "Found further down in the story.",
    Decision.SIGN_IN: "Found in the part that is for readers who sign in.",
    Decision.BECOME_PATRON: "Found in the part that is for patrons.",
}

Span = tuple[int, int]  # from, to


@dataclass(frozen=True, slots=True)
class Found:
    """One story of the results, as a list shows it."""

    article: Article
    cost: Access  # what it asks of its readers now
    title: Markup
    line: Markup  # the hit in its context, else the standfirst
    authors: Markup = Markup("")
    tags: list[tuple[str, Markup]] = field(default_factory=list)  # slug and name of those that were hit
    note: str = ""  # why nothing is marked


def results(found: list[Hit], asked: list[Run], viewer: Viewer, now: datetime) -> list[Found]:
    """The stories of these hits in their order, each with what was found in what this reader may read."""
    shown = fetch_texts(stories(found, now), viewer, tags=True)
    return [result(article, present(article, viewer), asked, asks(article, viewer)) for article in shown]


def titles(found: list[Hit], asked: list[Run], viewer: Viewer, now: datetime) -> list[Found]:
    """The same by title and standfirst alone, which everybody may read: no text is fetched."""
    return [
        Found(article, asks(article, viewer), marked(article.title, asked), marked(article.standfirst, asked))
        for article in stories(found, now, bylines=False)
    ]


def asks(article: Article, viewer: Viewer) -> Access:
    return article.gate.asks(viewer.mode, viewer.now)


def result(article: Article, shown: Presented, asked: list[Run], cost: Access) -> Found:
    title, standfirst, text = composed(article.title), composed(article.standfirst), said(shown)
    names = composed(", ".join(author.name for author in article.authors))
    in_title, in_standfirst, in_text, in_names = (spans(one, asked) for one in (title, standfirst, text, names))
    line = overlaid(standfirst, in_standfirst) if in_standfirst or not in_text else in_context(text, in_text)
    told = ((tag.slug, composed(tag.name)) for tag in article.tags)
    tags = [(slug, overlaid(name, places)) for slug, name in told if (places := spans(name, asked))]
    anywhere = in_title or in_standfirst or in_text or in_names or tags
    note = "" if anywhere else CLOSED.get(shown.access, "")
    return Found(article, cost, overlaid(title, in_title), line, overlaid(names, in_names), tags, note)


def said(shown: Presented) -> str:
    """The words of what a reader gets, in one line."""
    entries = (f"{e.speaker}\n{e.topic}\n{e.headline}\n{words(e.body_html)}" for e in shown.entries)
    return composed(" ".join("\n".join([words(shown.html), *entries, words(shown.references)]).split()))


def composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def spans(text: str, asked: list[Run]) -> list[Span]:
    """Where the words asked for stand in a text that is in NFC."""
    return hits(simplified(text), asked)


def in_context(text: str, places: list[Span]) -> Markup:
    """The stretch of the text in which most of the hits stand."""
    first = max(places, key=lambda at: sum(at[0] <= other[0] < at[0] + TOGETHER for other in places))[0]
    start = max(0, first - BEFORE)
    if start:
        pause = PAUSE.search(text, start, first)
        start = pause.end() if pause else start
        while start < first and _goes_with_the_one_before(text, start):
            start += 1
    line = cut(text[start : start + 2 * WIDE], WIDE)
    end = len(line) - 1 if line.endswith("…") else len(line)
    inside = [(max(0, at - start), min(upto - start, end)) for at, upto in places if start <= at < start + end]
    return overlaid(f"… {line}", [(at + 2, upto + 2) for at, upto in inside]) if start else overlaid(line, inside)


def _goes_with_the_one_before(text: str, at: int) -> bool:
    return JOINER in (text[at - 1], text[at]) or unicodedata.category(text[at]).startswith("M")


def marked(text: str, asked: list[Run]) -> Markup:
    """Plain text with what was asked for in <mark>."""
    text = composed(text)
    return overlaid(text, spans(text, asked))


def overlaid(text: str, places: Iterable[Span] = ()) -> Markup:
    """Plain text with these places in <mark> and its hanzi marked as Chinese."""
    parts: list[str] = []
    at = 0
    for kind, piece in pieces(text):
        inner = "".join(_overlaid(piece, [(start - at, end - at) for start, end in places]))
        parts += OPENING[kind], inner, CLOSING[kind]
        at += len(piece)
    return Markup("".join(parts))  # noqa: S704 - each piece of the text is escaped


def _overlaid(piece: str, places: list[Span]) -> Iterator[str]:
    """The piece as HTML."""
    done = 0
    for start, end in places:
        start, end = max(start, done), min(end, len(piece))
        if start < end:
            yield escape(piece[done:start])
            yield f"<mark>{escape(piece[start:end])}</mark>"
            done = end
    yield escape(piece[done:])
