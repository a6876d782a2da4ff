"""Texts that the export has in the editor's own form only, as of a draft that was never shown: Lexical's tree, or
Mobiledoc. Rendered to HTML of Ghost's kind, for the same way that all others go.
"""

import json
from collections import Counter
from collections.abc import Callable
from html import escape
from typing import Any

from models.markdown import render

MARKS = ((1, "strong"), (2, "em"), (4, "s"), (8, "u"), (16, "code"), (32, "sub"), (64, "sup"), (128, "mark"))
PLAIN = {"paragraph": "p", "quote": "blockquote", "extended-quote": "blockquote", "listitem": "li"}
MARKUPS = {"a", "b", "strong", "em", "i", "code", "s", "u", "sub", "sup", "mark", "del"}
SECTIONS = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "aside"}
DEEPEST = 40


def from_lexical(source: str, strangers: Counter[str]) -> str:
    """`strangers` counts the kinds of nodes that we do not know, and leave out. "" for what is no such tree."""
    root = _json(source).get("root")
    return _children(root, strangers, 0) if isinstance(root, dict) else ""


def _children(node: dict[str, Any], strangers: Counter[str], depth: int) -> str:
    children = node.get("children")
    if not isinstance(children, list) or depth > DEEPEST:
        return ""
    return "".join(_node(child, strangers, depth + 1) for child in children if isinstance(child, dict))


def _node(node: dict[str, Any], strangers: Counter[str], depth: int) -> str:
    kind = str(node.get("type", ""))
    if kind in {"text", "extended-text", "tk"}:
        return _marked(node)
    if kind in {"linebreak", "tab"}:
        return "<br>" if kind == "linebreak" else " "
    if kind in {"at-link", "zwnj", "at-link-search"}:
        return ""
    if kind in CARDS:
        return CARDS[kind](node)
    inner = _children(node, strangers, depth)
    if kind in PLAIN:
        return f"<{PLAIN[kind]}>{inner}</{PLAIN[kind]}>"
    if kind in {"heading", "extended-heading"}:
        tag = node.get("tag") if node.get("tag") in SECTIONS else "h2"
        return f"<{tag}>{inner}</{tag}>"
    if kind == "list":
        tag = "ol" if node.get("listType") == "number" or node.get("tag") == "ol" else "ul"
        return f"<{tag}>{inner}</{tag}>"
    if kind in {"link", "autolink"}:
        return f'<a href="{_said(node, "url")}">{inner}</a>'
    if kind == "aside":
        return f'<blockquote class="kg-blockquote-alt">{inner}</blockquote>'
    if not inner:
        strangers[kind or "nothing"] += 1
    return inner


def _marked(node: dict[str, Any]) -> str:
    text, given = _said(node, "text"), node.get("format")
    bits = given if isinstance(given, int) else 0
    for bit, tag in MARKS:
        if bits & bit and text:
            text = f"<{tag}>{text}</{tag}>"
    return text


def _said(node: dict[str, Any], *names: str) -> str:
    """The first of these that says something, as text within HTML."""
    found = (node.get(name) for name in names)
    return next((escape(value) for value in found if isinstance(value, str) and value), "")


def _raw(node: dict[str, Any], *names: str) -> str:
    """Likewise, being HTML itself."""
    found = (node.get(name) for name in names)
    return next((value for value in found if isinstance(value, str) and value), "")


def _image(card: dict[str, Any]) -> str:
    src = _said(card, "src")
    return f'<figure><img src="{src}" alt="{_said(card, "alt")}">{_caption(card)}</figure>' if src else ""


def _caption(card: dict[str, Any]) -> str:
    caption = _raw(card, "caption")
    return f"<figcaption>{caption}</figcaption>" if caption else ""


def _gallery(card: dict[str, Any]) -> str:
    images = card.get("images")
    rows = [each for each in images if isinstance(each, dict)] if isinstance(images, list) else []
    caption = _raw(card, "caption")
    return "".join(map(_image, rows)) + (f"<p>{caption}</p>" if caption else "")


def _bookmark(card: dict[str, Any]) -> str:
    about = card.get("metadata")
    about = about if isinstance(about, dict) else {}
    told = _said(about, "description")
    return (
        f'<figure class="kg-card kg-bookmark-card"><a href="{_said(card, "url")}">'
        f'<div class="kg-bookmark-title">{_said(about, "title") or _said(card, "title")}</div>'
        f'<div class="kg-bookmark-description">{told}</div></a>{_caption(card)}</figure>'
    )


def _callout(card: dict[str, Any]) -> str:
    sign = f'<div class="kg-callout-emoji">{_said(card, "calloutEmoji")}</div>'
    words = f'<div class="kg-callout-text">{_raw(card, "calloutText")}</div>'
    return f'<div class="kg-card kg-callout-card">{sign}{words}</div>'


def _toggle(card: dict[str, Any]) -> str:
    heading = f'<h4 class="kg-toggle-heading-text">{_raw(card, "heading")}</h4>'
    content = f'<div class="kg-toggle-content">{_raw(card, "content")}</div>'
    return f'<div class="kg-card kg-toggle-card">{heading}{content}</div>'


def _link(card: dict[str, Any]) -> str:
    address = _said(card, "buttonUrl", "url", "src")
    words = _said(card, "buttonText", "fileTitle", "fileName", "title", "url", "src")
    return f'<p><a href="{address}">{words}</a></p>' if address else ""


def _code(card: dict[str, Any]) -> str:
    return f"<pre><code>{_said(card, 'code')}</code></pre>"


def _video(card: dict[str, Any]) -> str:
    return f'<figure><video src="{_said(card, "src")}"></video>{_caption(card)}</figure>'


def _markdown(card: dict[str, Any]) -> str:
    return render(_raw(card, "markdown"))


def _signup(_: dict[str, Any]) -> str:
    return '<div class="kg-card kg-signup-card"></div>'


def _embed(card: dict[str, Any]) -> str:
    return f'<figure class="kg-card kg-embed-card">{_raw(card, "html") or _link(card)}{_caption(card)}</figure>'


CARDS: dict[str, Callable[[dict[str, Any]], str]] = {
    "image": _image,
    "gallery": _gallery,
    "bookmark": _bookmark,
    "callout": _callout,
    "toggle": _toggle,
    "button": _link,
    "file": _link,
    "audio": _link,
    "video": _video,
    "embed": _embed,
    "codeblock": _code,
    "code": _code,
    "markdown": _markdown,
    "card-markdown": _markdown,
    "html": lambda card: _raw(card, "html"),
    "horizontalrule": lambda _: "<hr>",
    "hr": lambda _: "<hr>",
    "paywall": lambda _: "<!--members-only-->",
    "signup": _signup,
    "email": lambda _: "",
    "email-cta": lambda _: "",
}


def from_mobiledoc(source: str, strangers: Counter[str]) -> str:
    """Likewise from Mobiledoc, which Ghost wrote from 1 to 5."""
    given = _json(source)
    cards, markups, atoms = (_list(given.get(name)) for name in ("cards", "markups", "atoms"))
    return "".join(_section(_list(each), cards, markups, atoms, strangers) for each in _list(given.get("sections")))


def _section(
    section: list[Any], cards: list[Any], markups: list[Any], atoms: list[Any], strangers: Counter[str]
) -> str:
    kind = _at(section, 0)
    if kind == 10:
        card = _list(_at(cards, _at(section, 1)))
        name, payload = str(_at(card, 0)), _at(card, 1)
        if name in CARDS and isinstance(payload, dict):
            return CARDS[name](payload)
        strangers[name] += 1
        return ""
    if kind == 2:
        return f'<figure><img src="{escape(str(_at(section, 1)))}" alt=""></figure>'
    tag = str(_at(section, 1)).lower()
    if kind == 3:
        tag = tag if tag in {"ul", "ol"} else "ul"
        rows = (f"<li>{_line(_list(each), markups, atoms)}</li>" for each in _list(_at(section, 2)))
        return f"<{tag}>{''.join(rows)}</{tag}>"
    tag = tag if tag in SECTIONS else "p"
    return f"<{tag}>{_line(_list(_at(section, 2)), markups, atoms)}</{tag}>"


def _line(markers: list[Any], markups: list[Any], atoms: list[Any]) -> str:
    """[[kind, markups that open, number that close, text or number of an atom], …]"""
    written: list[str] = []
    open_tags: list[str] = []
    for marker in map(_list, markers):
        for number in _list(_at(marker, 1)):
            markup = _list(_at(markups, number))
            tag = str(_at(markup, 0)).lower()
            given = _list(_at(markup, 1))
            named = dict(zip(given[::2], given[1::2], strict=False)) if all(isinstance(x, str) for x in given) else {}
            open_tags.append(tag if tag in MARKUPS else "span")
            href = f' href="{escape(named.get("href", ""))}"' if open_tags[-1] == "a" else ""
            written.append(f"<{open_tags[-1]}{href}>")
        if _at(marker, 0) == 1:
            atom = _list(_at(atoms, _at(marker, 3)))
            written.append("<br>" if _at(atom, 0) == "soft-return" else escape(str(_at(atom, 1) or "")))
        else:
            written.append(escape(str(_at(marker, 3) or "")))
        closing = _at(marker, 2)
        for _ in range(min(closing, len(open_tags)) if isinstance(closing, int) else 0):
            written.append(f"</{open_tags.pop()}>")
    return "".join(written) + "".join(f"</{tag}>" for tag in reversed(open_tags))


def _json(source: str) -> dict[str, Any]:
    try:
        found = json.loads(source) if source else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _at(values: list[Any], place: Any) -> Any:
    return values[place] if isinstance(place, int) and 0 <= place < len(values) else None
