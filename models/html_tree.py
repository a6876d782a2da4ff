"""A small tree of clean HTML, so that nothing has to be searched for between angle brackets. Pure.

Parses what the cleaner wrote: balanced tags, quoted attributes. Not a parser for the open web.
"""

from collections.abc import Iterator
from html import escape
from html.parser import HTMLParser

VOID = {"br", "col", "hr", "img", "source", "wbr"}
DEEPEST = 60  # levels; what is nested deeper loses its tags and keeps its words


class Element:
    __slots__ = ("attributes", "children", "tag")

    def __init__(
        self, tag: str, attributes: dict[str, str] | None = None, children: "list[Node] | None" = None
    ) -> None:
        self.tag = tag
        self.attributes = attributes or {}
        self.children: list[Node] = children or []

    def text(self) -> str:
        return "".join(child if isinstance(child, str) else child.text() for child in self.children)

    def elements(self) -> "Iterator[Element]":
        """Every element below this one, in document order."""
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child.elements()

    def has_class(self, name: str) -> bool:
        return name in self.attributes.get("class", "").split()

    def html(self) -> str:
        attributes = "".join(f' {name}="{escape(value)}"' for name, value in self.attributes.items())
        if self.tag in VOID:
            return f"<{self.tag}{attributes}>"
        return f"<{self.tag}{attributes}>{inner_html(self)}</{self.tag}>"


Node = Element | str


def inner_html(element: Element) -> str:
    return "".join(escape(child, quote=False) if isinstance(child, str) else child.html() for child in element.children)


def parse(html: str) -> Element:
    """The tree under an element without a name."""
    builder = _Builder()
    builder.feed(html)
    builder.close()
    return builder.root


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("")
        self.open = [self.root]  # below DEEPEST the same element again, once for each tag let go

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if len(self.open) > DEEPEST and tag not in VOID:
            self.open.append(self.open[-1])
            return
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID and len(self.open) > 1:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        children = self.open[-1].children
        if children and isinstance(children[-1], str):
            children[-1] += data
        else:
            children.append(data)
