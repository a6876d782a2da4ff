"""From what the editor wrote to clean HTML: rendered once, on save, so that no reader waits for it.

Nothing else makes HTML out of a text. The steps: Markdown (or the HTML of an import), the allow-list (clean_html),
then a tree (html_tree) on which the rest is done.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from models import hanzi
from models.clean_html import BLOCKS, BOXES, HEADINGS, clean
from models.html_tree import Element, Node, inner_html, parse
from models.markdown import DIVIDER, DIVIDER_MARK, render
from models.picture import COPIES, srcset
from models.quotes import curly

FLOWS = BOXES | {"", "blockquote", "aside", "details"}  # what holds blocks: loose words in it become paragraphs
LINES = {"p", "h2", "h3", "h4", "li", "dt", "dd", "td", "th", "caption", "figcaption", "summary"}
VERBATIM = {"pre", "code", "kbd", "samp", "var"}
TEASER_PARAGRAPHS = 2
BLANK_LINE = re.compile(r"\n[ \t]*\n\s*")
COLUMN = "(min-width: 672px) 624px, 100vw"  # how wide a picture stands in a text, for browsers to choose a copy
Sizes = Mapping[str, tuple[int, ...]]  # picture key: width, height, and the widths of its smaller copies


@dataclass(frozen=True, slots=True)
class Written:
    """A text, ready to be shown: every field but `minutes` is clean HTML."""

    body: str
    teaser: str  # what everybody may read of a gated story; "" when it is too short to be parted
    references: str  # the footnotes, an <ol>
    minutes: int  # reading time


def write(source: str, *, html: bool = False, sizes: Sizes | None = None, note_mark: str = "") -> Written:
    """Render a text from Markdown, or from the HTML of an import. Never raises, whatever it is given.

    `sizes` gives pictures of ours their width and height; `note_mark` keeps the ids of footnotes apart where
    several texts share a page.
    """
    source = source.replace("\r\n", "\n").replace("\0", "").encode("utf-8", "replace").decode()
    root = parse(clean(DIVIDER.sub(DIVIDER_MARK, source) if html else render(source, note_mark)))
    notes = _take_notes(root)
    for tree in (root, notes):
        _settle(tree, from_html=html)
        _curl(tree)
        _mark(tree)
        _dress_pictures(tree, sizes or {}, captioned=not html)
    _dress_asides(root)
    _link_back(root, notes)
    blocks, open_blocks = _part(root)
    words, characters = hanzi.count(" ".join(block.text() for block in blocks))
    body = _html(blocks)  # before the teaser, which takes the links off its footnote marks
    return Written(
        body, _html(_teaser(blocks, open_blocks)), inner_html(notes).strip(), hanzi.reading_minutes(words, characters)
    )


def _html(blocks: list[Element]) -> str:
    return "\n".join(block.html() for block in blocks)


def _elements(parent: Element) -> list[Element]:
    return [child for child in parent.children if isinstance(child, Element)]


def _take_notes(root: Element) -> Element:
    """Cut the list of footnotes out of the tree; it stands apart, after the story."""
    notes = Element("")
    for child in _elements(root):
        if child.has_class("footnotes"):
            root.children.remove(child)
            notes.children += child.children
    return notes


def _settle(parent: Element, *, from_html: bool) -> None:
    """Turn boxes into what they hold, loose words into paragraphs, and all headings into h2 to h4."""
    children: list[Node] = []
    for child in parent.children:
        if isinstance(child, str):
            children.append(child)
            continue
        _settle(child, from_html=from_html)
        child.tag = HEADINGS.get(child.tag, child.tag)
        if child.tag in BOXES and not child.attributes.get("class"):
            children += child.children
        elif not _is_void_of_sense(child):
            children.append(child)
    parent.children = _paragraphs(children, from_html) if parent.tag in FLOWS else children


def _is_void_of_sense(element: Element) -> bool:
    if element.tag == "img":
        return "src" not in element.attributes
    empty = not element.text().strip() and not any(e.tag == "img" for e in element.elements())
    return element.tag in {"p", "h2", "h3", "h4", "figure", "blockquote", "aside", "section"} and empty


def _is_block(node: Node) -> bool:
    return isinstance(node, Element) and (node.tag in BLOCKS or any(e.tag in BLOCKS for e in node.elements()))


def _paragraphs(children: list[Node], from_html: bool) -> list[Node]:
    """Wrap what stands loose between blocks. In HTML of an import a blank line parts paragraphs, as in WordPress."""
    settled: list[Node] = []
    loose: list[Node] = []

    def close() -> None:
        paragraph = Element("p", children=_with_breaks(loose) if from_html else list(loose))
        if not _is_void_of_sense(paragraph):
            settled.append(paragraph)
        loose.clear()

    for child in children:
        if _is_block(child):
            close()
            settled.append(child)
        elif isinstance(child, str) and from_html:
            first, *others = BLANK_LINE.split(child)
            loose.append(first)
            for other in others:
                close()
                loose.append(other)
        else:
            loose.append(child)
    close()
    return settled


def _with_breaks(loose: list[Node]) -> list[Node]:
    """One line of an import ends where its source's line did."""
    nodes = list(loose)
    if nodes and isinstance(nodes[0], str):
        nodes[0] = nodes[0].lstrip()
    if nodes and isinstance(nodes[-1], str):
        nodes[-1] = nodes[-1].rstrip()
    broken: list[Node] = []
    for node in nodes:
        if not isinstance(node, str):
            broken.append(node)
            continue
        after_break = broken and isinstance(broken[-1], Element) and broken[-1].tag == "br"
        first, *others = (node.lstrip("\n") if after_break else node).split("\n")
        broken.append(first)
        for other in others:
            broken += [Element("br"), other]
    return broken


def _curl(root: Element) -> None:
    """Typographic quotes, told by the whole line a quote stands in and not by its piece of text alone."""
    line: list[tuple[Element | None, int, str]] = []

    def end_line() -> None:
        curled, at = curly("".join(text for _, _, text in line)), 0
        for parent, index, text in line:
            if parent:
                parent.children[index] = curled[at : at + len(text)]
            at += len(text)
        line.clear()

    def walk(parent: Element, verbatim: bool) -> None:
        for index, child in enumerate(parent.children):
            if isinstance(child, str):
                line.append((None if verbatim else parent, index, child))
                continue
            if child.tag in BLOCKS:
                end_line()
            elif child.tag in {"br", "img"}:
                line.append((None, 0, "\n"))
            walk(child, verbatim or child.tag in VERBATIM)
            if child.tag in BLOCKS:
                end_line()

    walk(root, False)
    end_line()


def _mark(parent: Element) -> None:
    """Say which words are Chinese: a whole line carries lang itself, a run among others gets a span."""
    if "lang" in parent.attributes or parent.tag in VERBATIM:
        return
    whole = parent.tag in LINES and hanzi.is_hanzi(parent.text()) and not any(map(_is_block, parent.children))
    if whole:
        parent.attributes["lang"] = "zh"
    children: list[Node] = []
    for child in parent.children:
        if isinstance(child, Element):
            _mark(child)
            children.append(child)
        else:
            children += [_marked(kind, piece, whole) for kind, piece in hanzi.pieces(child)]
    parent.children = children


def _marked(kind: str, piece: str, inside_chinese: bool) -> Node:
    if kind == "hashtag":
        return Element("span", {"class": "hashtag", "lang": "zh"}, [piece])
    if kind == "hanzi" and not inside_chinese:
        return Element("span", {"lang": "zh"}, [piece])
    return piece


def _dress_pictures(root: Element, sizes: Sizes, *, captioned: bool) -> None:
    """A picture alone in a paragraph becomes a figure; in Markdown its title is the caption.

    In an import the title is mostly the name of a file.
    """
    for parent in [root, *root.elements()]:
        for image in _elements(parent):
            if image.tag != "img":
                continue
            caption = image.attributes.pop("title", "")
            image.attributes.setdefault("alt", "")
            key = image.attributes["src"].removeprefix("/media/")
            size = sizes.get(key)
            if size:
                image.attributes["width"], image.attributes["height"] = map(str, size[:2])
            image.attributes["loading"], image.attributes["decoding"] = "lazy", "async"
            shown = _with_copies(image, key, size[2:]) if size and size[2:] else image
            parent.children[_place(parent, image)] = shown
            if parent.tag == "p" and [c for c in parent.children if c is shown or not _is_blank(c)] == [shown]:
                parent.tag, parent.children = "figure", [shown]
                if caption and captioned:
                    text = Element("figcaption", children=[curly(caption)])
                    _mark(text)
                    parent.children.append(text)


def _place(parent: Element, child: Element) -> int:
    return next(place for place, each in enumerate(parent.children) if each is child)


def _with_copies(image: Element, key: str, widths: tuple[int, ...]) -> Element:
    """The picture with its smaller copies; a browser takes the first kind it knows, in the width it needs."""
    sources: list[Node] = [
        Element("source", {"type": kind, "srcset": srcset(key, widths, ending), "sizes": COLUMN})
        for ending, kind in COPIES.items()
    ]
    return Element("picture", children=[*sources, image])


def _is_blank(node: Node) -> bool:
    return isinstance(node, str) and not node.strip()


def _dress_asides(root: Element) -> None:
    """Name the parts of pull quotes and glosses, and make tables reachable by keyboard, for they may scroll."""
    tables = 0
    for parent in [root, *root.elements()]:
        lines = [child for child in _elements(parent) if child.tag == "p"]
        if parent.has_class("pull-quote"):
            for place, line in enumerate(lines):
                is_source = place > 0 and line.text().lstrip().startswith(("—", "–"))
                part = "hanzi" if place == 0 and hanzi.has_hanzi(line.text()) else "source" if is_source else "words"
                line.attributes["class"] = f"pull-quote__{part}"
        elif parent.has_class("gloss") and lines:
            lines[0].attributes["class"] = "gloss__term"
        if parent.tag == "th" and not parent.text().strip():
            parent.tag = "td"  # a corner heads nothing
        if parent.tag == "div":  # the frame of a table, made here a moment ago
            continue
        for place, child in enumerate(parent.children):
            if isinstance(child, Element) and child.tag == "table":
                tables += 1
                label = "Table" if tables == 1 else f"Table {tables}"
                parent.children[place] = Element(
                    "div", {"class": "table", "tabindex": "0", "role": "region", "aria-label": label}, [child]
                )


def _link_back(root: Element, notes: Element) -> None:
    """A way back to each mark of each footnote."""
    marks: dict[str, list[str]] = {}
    for link in [*root.elements(), *notes.elements()]:
        if link.tag == "a" and "id" in link.attributes:
            marks.setdefault(link.attributes.get("href", ""), []).append(link.attributes["id"])
    for number, note in enumerate((e for e in notes.elements() if e.tag == "li" and "id" in e.attributes), 1):
        last = ([note] + [child for child in _elements(note) if child.tag == "p"])[-1]
        for mark in marks.get("#" + note.attributes["id"], []):
            name = f"Back to reference {number} in the text"
            last.children += [" ", Element("a", {"href": f"#{mark}", "aria-label": name}, ["↩\ufe0e"])]


def _part(root: Element) -> tuple[list[Element], int | None]:
    """The blocks of the text without dividers, and how many stand above the first (None: no divider)."""
    blocks: list[Element] = []
    open_blocks = None
    for block in _elements(root):
        inner = [e for e in block.elements() if e.has_class("open-until-here")]
        if open_blocks is None and (inner or block.has_class("open-until-here")):
            open_blocks = len(blocks)
        if not block.has_class("open-until-here"):
            _drop_slots(block)
            blocks.append(block)
    return blocks, open_blocks


def _drop_slots(block: Element) -> None:
    """Dividers and offers have a meaning between blocks only."""
    for parent in [block, *block.elements()]:
        parent.children = [
            child
            for child in parent.children
            if isinstance(child, str) or not (child.has_class("open-until-here") or child.has_class("offer-slot"))
        ]


def _teaser(blocks: list[Element], open_blocks: int | None) -> list[Element]:
    """What is above the divider, else the first paragraphs of a text that has more. Takes the links off its marks."""
    told = [block for block in blocks if not block.has_class("offer-slot")]
    if open_blocks is not None:
        teaser = [block for block in blocks[:open_blocks] if not block.has_class("offer-slot")]
    elif len(told) <= TEASER_PARAGRAPHS:
        teaser = []
    else:
        teaser = [block for block in told if block.tag == "p"][:TEASER_PARAGRAPHS]
    for element in (e for block in teaser for e in [block, *block.elements()]):
        if element.has_class("footnote-ref"):
            element.children = [element.text()]
        elif element.attributes.get("href", "").startswith("#"):
            element.tag, element.attributes = "span", {}
        element.attributes.pop("id", None)
    return teaser
