"""The Markdown that readers may write: emphasis, links, quotes, code and lists. No pictures, headings or HTML."""

import re
from collections.abc import Sequence
from html import escape, unescape
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererProtocol
from markdown_it.token import Token
from mdit_py_cjk_friendly import cjk_friendly

from models import hanzi

ALLOWED: dict[str, set[str]] = {
    "*": set(),  # else nh3 lets every element have a title
    "a": {"href"},
    "ol": {"start"},
    "span": {"lang"},
    **dict.fromkeys(("p", "br", "em", "strong", "code", "pre", "blockquote", "ul", "li"), set()),
}
LINK = re.compile(r"https?://|\bwww\.", re.IGNORECASE)
OURS_OR_WEB = re.compile(r"https?://[^\s/]|/(?![/\\])|#", re.IGNORECASE)


class SmallMarkdown(MarkdownIt):
    """CommonMark less what a reader's few lines have no use for."""

    def validateLink(self, url: str) -> bool:  # noqa: N802 (the library's name)
        return OURS_OR_WEB.match(url.strip()) is not None


def _text(renderer: RendererProtocol, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    """Words, with the Chinese among them marked as such."""
    return "".join(_marked(kind, escape(piece)) for kind, piece in hanzi.pieces(tokens[at].content))


def _marked(kind: str, escaped: str) -> str:
    if kind == "hashtag":
        return f'<span class="hashtag" lang="zh">{escaped}</span>'
    return f'<span lang="zh">{escaped}</span>' if kind == "hanzi" else escaped


def _markdown() -> SmallMarkdown:
    markdown = SmallMarkdown("commonmark", {"html": False, "breaks": True, "maxNesting": 12})
    markdown.disable(["image", "heading", "lheading", "hr", "reference", "html_block", "html_inline"])
    markdown.use(cjk_friendly)
    markdown.add_render_rule("text", _text)
    return markdown


MARKDOWN = _markdown()


def small(source: str) -> str:
    """Clean HTML of what a reader wrote. A line ends where it was ended; every link says that we do not vouch."""
    tidy = source.replace("\r\n", "\n").replace("\0", "").encode("utf-8", "replace").decode()
    return nh3.clean(
        str(MARKDOWN.render(tidy)).strip(),
        tags=set(ALLOWED) - {"*"},
        attributes=ALLOWED,
        allowed_classes={"span": {"hashtag"}},
        url_schemes={"http", "https"},
        link_rel="nofollow ugc noopener",
    )


def says_something(html: str) -> bool:
    """Whether there is a sign in it that can be seen."""
    return any(sign.isprintable() and not sign.isspace() for sign in unescape(re.sub(r"<[^>]*>", "", html)))


def links(source: str, html: str) -> int:
    """How many addresses it holds, as links or as words."""
    return max(len(LINK.findall(source)), html.count("<a "))
