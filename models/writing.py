"""From what the editor wrote to clean HTML: rendered once, on save, so that no reader waits for it."""

from dataclasses import dataclass

import nh3
from markdown_it import MarkdownIt

from models.hanzi import count, reading_minutes

MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])


@dataclass(frozen=True, slots=True)
class Written:
    """A text, ready to be shown: every field but `minutes` is clean HTML."""

    body: str
    teaser: str
    references: str
    minutes: int


def write(source: str, *, html: bool = False) -> Written:
    """Render a text from Markdown, or from the HTML of an import."""
    body = nh3.clean(source if html else MARKDOWN.render(source))
    return Written(body, "", "", reading_minutes(*count(source)))
