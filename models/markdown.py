"""The magazine's Markdown: CommonMark, tables, footnotes, [spans]{lang=…}, ~~old~~ ++new++, and ::: asides.

The result is not clean yet: raw HTML in the source is still in it.
"""

import re
from collections.abc import Sequence
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererProtocol
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from mdit_py_cjk_friendly import cjk_friendly
from mdit_py_plugins.attrs import attrs_plugin
from mdit_py_plugins.container import container_plugin
from mdit_py_plugins.footnote import footnote_plugin

# Where the open part of a gated story ends: our words, or WordPress's.
DIVIDER = re.compile(r"<!--\s*(?:open until here|more\b[^<>]{0,200}?)\s*-->", re.IGNORECASE)
DIVIDER_MARK = '<div class="open-until-here"></div>'
OFFER = re.compile(r"\s*offer\s+([a-z0-9]+(?:-[a-z0-9]+)*)\s*")
INSERTED = re.compile(r"\+\+(?![\s+])((?:[^+\n]|\+(?!\+)){1,2000}?)(?<!\s)\+\+")

PLUSES = re.compile(r"\++")


def render(source: str, note_mark: str = "") -> str:
    """HTML of a Markdown text; `note_mark` keeps the ids of footnotes apart where texts share a page."""
    return str(MARKDOWN.render(source, {"note_mark": note_mark}))


def _inserted(state: StateInline, silent: bool) -> bool:
    found = INSERTED.match(state.src, state.pos, state.posMax)
    if not found:
        run = PLUSES.match(state.src, state.pos, state.posMax)
        if run and not silent:
            state.pending += run[0]
        state.pos = run.end() if run else state.pos
        return run is not None
    if not silent:
        end, state.pos, state.posMax = state.posMax, found.start(1), found.end(1)
        state.push("ins_open", "ins", 1)
        state.md.inline.tokenize(state)
        state.push("ins_close", "ins", -1)
        state.posMax = end
    state.pos = found.end()
    return True


def _raw(renderer: RendererProtocol, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    return DIVIDER.sub(DIVIDER_MARK, tokens[at].content)


def _image(renderer: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    token = tokens[at]
    source = str(token.attrs.get("src", ""))
    if source.startswith("media:"):
        source = "/media/" + source.removeprefix("media:")
    alt = renderer.renderInlineAsText(token.children or [], options, env)
    title = str(token.attrs.get("title", ""))
    return f'<img src="{escape(source)}" alt="{escape(alt)}" title="{escape(title)}">'


def _del(renderer: RendererProtocol, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    return "<del>" if tokens[at].nesting == 1 else "</del>"


def _aside(renderer: RendererProtocol, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    return f'<aside class="{tokens[at].info.split()[0]}">\n' if tokens[at].nesting == 1 else "</aside>\n"


def _offer(renderer: RendererProtocol, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    named = OFFER.fullmatch(tokens[at].info)
    return f'<div class="offer-slot" data-offer="{named[1]}"></div>\n' if named and tokens[at].nesting == 1 else ""


def _note(token: Token, env: Any) -> tuple[int, str]:
    """The number readers see, and the part of the ids that is the note's own."""
    number = token.meta["id"] + 1
    return number, f"{env.get('note_mark', '')}{number}"


def _note_ref(renderer: RendererProtocol, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    number, name = _note(tokens[at], env)
    again = f":{tokens[at].meta['subId']}" if tokens[at].meta["subId"] > 0 else ""
    return f'<sup class="footnote-ref"><a href="#fn{name}" id="fnref{name}{again}">{number}</a></sup>'


def _note_open(renderer: RendererProtocol, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    return f'<li id="fn{_note(tokens[at], env)[1]}">'


def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"maxNesting": 40}).enable(["table", "strikethrough"])
    markdown.use(footnote_plugin).use(attrs_plugin, spans=True).use(cjk_friendly)
    for name in ("pull-quote", "gloss"):
        markdown.use(
            container_plugin,
            name=name,
            render=_aside,
            validate=lambda params, markup, name=name: params.split() == [name],
        )
    markdown.use(
        container_plugin,
        name="offer",
        render=_offer,
        validate=lambda params, markup: OFFER.fullmatch(params) is not None,
    )
    markdown.inline.ruler.before("emphasis", "inserted", _inserted)
    markdown.disable("fragments_join")  # tidies tokens for nobody, and takes minutes for a long line of asterisks
    rules = {
        "html_block": _raw,
        "html_inline": _raw,
        "image": _image,
        "s_open": _del,
        "s_close": _del,
        "footnote_ref": _note_ref,
        "footnote_open": _note_open,
        "footnote_close": lambda *_: "</li>\n",
        "footnote_anchor": lambda *_: "",
        "footnote_block_open": lambda *_: '<section class="footnotes"><ol>\n',
        "footnote_block_close": lambda *_: "</ol></section>\n",
    }
    for name, rule in rules.items():
        markdown.add_render_rule(name, rule)
    return markdown


MARKDOWN = _markdown()
