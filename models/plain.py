"""Plain words out of clean HTML, and cutting them without breaking a character. Pure."""

import re
import unicodedata

from models.html_tree import VOID, Element, parse

UNSAID = {"rp", "rt"}  # how a hanzi is read, over it: between the words it would be noise
INLINE = {"a", "abbr", "b", "bdi", "cite", "code", "del", "dfn", "em", "i", "ins", "kbd", "mark", "q", "ruby", "s"}
INLINE |= {"samp", "small", "span", "strong", "sub", "sup", "time", "u", "var"} | (VOID - {"br", "hr"})
JOINER = "\u200d"  # makes one emoji of two


def plain(html: str) -> str:
    """The words of clean HTML in one line, without the marks of footnotes."""
    return re.sub(r"\s+", " ", _words(parse(html))).strip()


def _words(element: Element) -> str:
    parts = []
    for child in element.children:
        if isinstance(child, str):
            parts.append(child)
        elif child.tag not in UNSAID and not child.has_class("footnote-ref"):
            parts.append(_words(child) if child.tag in INLINE else f" {_words(child)} ")
    return "".join(parts)


def cut(text: str, most: int) -> str:
    """At most `most` characters, ending in "…" where something is left out: after a word if one ends near by."""
    if len(text) <= most:
        return text
    end = most - 1
    space = text.rfind(" ", 0, end + 1)
    if space > end * 3 // 4:
        end = space
    while end and _belong_together(text, end):
        end -= 1
    return text[:end].rstrip() + "…"


def _belong_together(text: str, at: int) -> bool:
    """Whether what readers see as one character reaches over this place: an accent, a flag, a family of emoji."""
    before, after = text[at - 1], text[at]
    if JOINER in (before, after) or unicodedata.category(after) in {"Mn", "Me", "Mc"}:
        return True
    if "\U0001f3fb" <= after <= "\U0001f3ff":  # the tone of a skin
        return True
    flags = re.search("[\U0001f1e6-\U0001f1ff]*$", text[:at])  # two letters make one flag
    return bool(flags and len(flags[0]) % 2 and "\U0001f1e6" <= after <= "\U0001f1ff")
