"""Ghost's cards become plain HTML, told by their classes; what only some readers saw, or only Ghost can fill, goes."""

import re
from collections import Counter
from collections.abc import Callable

from models.html_tree import Element, Node
from models.markdown import DIVIDER_MARK

PAYWALL = re.compile(r"<!--\s*members-only\s*-->")
GATED = re.compile(
    r"<!--\s*kg-gated-block:begin(?P<for>[^<>]*?)-->(?P<inside>.*?)(?:<!--\s*kg-gated-block:end\s*-->|\Z)",
    re.DOTALL,
)  # one without an end goes to the end of the text: what is closed stays closed
PORTAL = re.compile(r"^(?:https?://[^/]+)?/?#/portal(?:/(?P<where>[\w/-]*))?$")
SIGN_IN, REGISTER, DONATE = "/account/login", "/account/register", "/donate"
FILLED_IN = {  # cards that are nothing without Ghost
    "kg-signup-card": "a form to sign up",
    "kg-email-card": "a part for letters alone",
    "kg-email-cta-card": "a part for letters alone",
    "kg-collection-card": "a list that Ghost fills in",
}


def parted(source: str, counts: Counter[str]) -> str:
    """The divider as ours, and no block that is not for everybody: here a story is open or closed as a whole."""

    def kept(block: re.Match[str]) -> str:
        told = block["for"]
        for_visitors = re.search(r"nonMember:\s*true", told)
        for_all_members = re.search(r'memberSegment:\s*"status:free,status:-free"', told)
        if for_visitors and for_all_members:
            return block["inside"]
        counts["blocks that only some readers saw, left out"] += 1
        return ""

    return PAYWALL.sub(DIVIDER_MARK, GATED.sub(kept, source))


class Cards:
    """Reshapes the trees of texts; `left_out` counts by name what could not come along."""

    def __init__(self) -> None:
        self.left_out: Counter[str] = Counter()

    def reshape(self, root: Element) -> None:
        self._walk(root)

    def _walk(self, parent: Element) -> None:
        children: list[Node] = []
        for child in parent.children:
            shaped = [child] if isinstance(child, str) else self._shaped(child)
            for node in shaped:
                if isinstance(node, Element):
                    self._walk(node)
            children += shaped
        parent.children = children

    def _shaped(self, element: Element) -> list[Node]:
        classes = element.attributes.get("class", "").split()
        for name in classes:
            if name in FILLED_IN:
                self.left_out[FILLED_IN[name]] += 1
                return []
            if name in SHAPES:
                return SHAPES[name](element)
        if element.tag == "a":
            _leave_portal(element)
        return [element]


def _leave_portal(link: Element) -> None:
    """What opened Ghost's window for members leads to a page of ours."""
    found = PORTAL.match(link.attributes.get("href", ""))
    if found:
        where = found["where"] or ""
        page = DONATE if where.startswith(("support", "offers", "gift")) else REGISTER
        link.attributes["href"] = SIGN_IN if where.startswith(("signin", "account")) else page
        link.attributes["data-stays"] = ""


def _part(element: Element, name: str) -> Element | None:
    return next((each for each in element.elements() if each.has_class(name)), None)


def _words(element: Element, name: str) -> str:
    part = _part(element, name)
    return " ".join(part.text().split()) if part else ""


def _first(element: Element, tag: str) -> Element | None:
    return next((each for each in element.elements() if each.tag == tag), None)


def _caption(element: Element) -> list[Node]:
    found = _first(element, "figcaption")
    return [found] if found and found.text().strip() else []


def _link(address: str, words: str) -> Element:
    return Element("a", {"href": address}, [words or address])


def _gallery(element: Element) -> list[Node]:
    """Its pictures one after another, then its caption in a line of its own."""
    pictures: list[Node] = []
    for image in (each for each in element.elements() if each.tag == "img"):
        around = next((e for e in element.elements() if e.tag == "a" and image in e.children), image)
        pictures.append(Element("figure", {}, [around]))
    return pictures + [Element("p", {}, each.children) for each in _caption(element) if isinstance(each, Element)]


def _bookmark(element: Element) -> list[Node]:
    """A link in words; its icon and its picture are another site's."""
    link = _first(element, "a")
    address = link.attributes.get("href", "") if link else ""
    said = [_words(element, f"kg-bookmark-{name}") for name in ("description", "author", "publisher")]
    beneath: list[Node] = [" · ".join(dict.fromkeys(each for each in said if each))]
    for caption in _caption(element):
        if isinstance(caption, Element):
            beneath += [Element("br"), *caption.children] if beneath[0] else caption.children
    shown: list[Node] = [_link(address, _words(element, "kg-bookmark-title"))] if address else []
    if any(not isinstance(each, str) or each for each in beneath):
        shown.append(Element("figcaption", {}, beneath))
    return [Element("figure", {}, shown)] if shown else []


def _embed(element: Element) -> list[Node]:
    """A quote of a post elsewhere stands by itself; a frame becomes a link later on."""
    quote = _first(element, "blockquote")
    if quote is None:
        element.attributes.pop("class", None)
        return [element]
    quote.attributes.clear()
    return [quote, *(Element("p", {}, each.children) for each in _caption(element) if isinstance(each, Element))]


def _callout(element: Element) -> list[Node]:
    sign, text = _words(element, "kg-callout-emoji"), _part(element, "kg-callout-text")
    if text is None:
        text = element
    first = next((child for child in text.children if isinstance(child, Element) and child.tag == "p"), None)
    lines: list[Node] = [*text.children] if first else [Element("p", {}, [*text.children])]
    into = first or lines[0]
    if sign and isinstance(into, Element):
        into.children = [f"{sign} ", *into.children]
    return [Element("aside", {}, lines)]


def _toggle(element: Element) -> list[Node]:
    heading = _part(element, "kg-toggle-heading-text")
    content = _part(element, "kg-toggle-content")
    if content is None:
        return [Element("div", {}, element.children)]
    words: list[Node] = [*heading.children] if heading and heading.text().strip() else ["More"]
    return [Element("details", {}, [Element("summary", {}, words), *content.children])]


def _button(element: Element) -> list[Node]:
    link = _first(element, "a")
    if link is None or not link.attributes.get("href"):
        return []
    link.attributes = {"href": link.attributes["href"]}
    return [Element("p", {}, [link])]


def _file(element: Element) -> list[Node]:
    link = _first(element, "a")
    if link is None:
        return []
    about = ", ".join(each for each in (_words(element, f"kg-file-card-file{x}") for x in ("name", "size")) if each)
    title = _words(element, "kg-file-card-title") or _words(element, "kg-file-card-filename")
    lines: list[Node] = [_link(link.attributes.get("href", ""), title), f" ({about})" if about else ""]
    if caption := _words(element, "kg-file-card-caption"):
        lines += [Element("br"), caption]
    return [Element("p", {}, lines)]


def _recording(element: Element) -> list[Node]:
    """A film or a recording without the buttons of Ghost's player; it becomes a link later on."""
    medium = _first(element, "video") or _first(element, "audio")
    if medium is None:
        return []
    title = _words(element, "kg-audio-title")
    kept = {"src": medium.attributes.get("src", "")} | ({"title": title} if title else {})
    return [Element("figure", {}, [Element(medium.tag, kept), *_caption(element)])]


def _product(element: Element) -> list[Node]:
    shown: list[Node] = []
    if image := _part(element, "kg-product-card-image"):
        shown.append(Element("figure", {}, [image]))
    if title := _part(element, "kg-product-card-title"):
        shown.append(Element("h4", {}, title.children))
    if told := _part(element, "kg-product-card-description"):
        shown += told.children
    if button := _part(element, "kg-product-card-button"):
        shown += _button(Element("div", {}, [button]))
    return shown


def _header(element: Element) -> list[Node]:
    shown: list[Node] = []
    for name, tag in (("kg-header-card-heading", "h2"), ("kg-header-card-header", "h2")):
        if heading := _part(element, name):
            shown.append(Element(tag, {}, heading.children))
    for name in ("kg-header-card-subheading", "kg-header-card-subheader"):
        if line := _part(element, name):
            shown.append(Element("p", {}, line.children))
    if (button := _part(element, "kg-header-card-button")) and button.tag == "a":
        shown += _button(Element("div", {}, [button]))
    return shown


def _pull_quote(element: Element) -> list[Node]:
    has_lines = any(isinstance(child, Element) and child.tag == "p" for child in element.children)
    lines: list[Node] = [*element.children] if has_lines else [Element("p", {}, element.children)]
    return [Element("aside", {"class": "pull-quote"}, lines)]


SHAPES: dict[str, Callable[[Element], list[Node]]] = {
    "kg-gallery-card": _gallery,
    "kg-bookmark-card": _bookmark,
    "kg-embed-card": _embed,
    "kg-callout-card": _callout,
    "kg-toggle-card": _toggle,
    "kg-button-card": _button,
    "kg-file-card": _file,
    "kg-audio-card": _recording,
    "kg-video-card": _recording,
    "kg-product-card": _product,
    "kg-header-card": _header,
    "kg-blockquote-alt": _pull_quote,
}
