"""The one door to a story's text. Pages, feeds, search, mail and exports for readers all come through `present`."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from markupsafe import Markup

from models.article import Article, Kind
from models.metering import Decision, Viewer, decide

SLOT = re.compile(r'<div class="offer-slot" data-offer="([a-z0-9-]+)"></div>')  # as models.writing writes it
Block = tuple[Literal["html"], Markup] | tuple[Literal["offer"], str]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of an open liveblog."""

    id: int
    at: datetime
    speaker: str
    topic: str
    headline: str
    body_html: Markup


@dataclass(frozen=True, slots=True)
class Presented:
    """What one reader gets of one story. When it is closed nothing of the rest is in here."""

    access: Decision
    blocks: list[Block]  # of the whole text, or of the part that everybody may read
    references: Markup = Markup("")
    entries: list[Entry] = field(default_factory=list)  # of a liveblog, oldest first
    minutes: int = 1  # to read it all

    @property
    def is_open(self) -> bool:
        return self.access is Decision.OPEN

    @property
    def html(self) -> Markup:
        """The text in one piece, without offers: for feeds and mail."""
        return Markup("").join(block for kind, block in self.blocks if kind == "html")


def present(article: Article, viewer: Viewer) -> Presented:
    """Give what this viewer may read. A closed story's text is not even fetched from the database."""
    access = decide(article.access, viewer)
    if access is not Decision.OPEN:
        return Presented(access, parted(article.teaser_html), minutes=article.minutes)
    entries = article.entries if article.kind is Kind.LIVEBLOG else []  # no query for what no article has
    return Presented(
        access,
        parted(article.body_html),
        safe(article.references_html),
        [Entry(e.id, e.at, e.speaker, e.topic, e.headline, safe(e.body_html)) for e in entries],
        article.minutes,
    )


def parted(html: str) -> list[Block]:
    """Cut a text at its offers, whose cards are made anew for every reader."""
    blocks: list[Block] = []
    for place, piece in enumerate(SLOT.split(html)):
        if place % 2:
            blocks.append(("offer", piece))
        elif piece.strip():
            blocks.append(("html", safe(piece.strip())))
    return blocks


def safe(html: str) -> Markup:
    """Stored HTML of a text, which models.writing has cleaned, as it is."""
    return Markup(html)  # noqa: S704
