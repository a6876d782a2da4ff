"""Puts our pictures where the old site's stood, with descriptions, captions and credits; links for all other media."""

import re
from collections import Counter

from blueprints.ops.importing.addresses import OldSite
from blueprints.ops.importing.cards import HOLDS_BLOCKS, card, file_name, page_of, words_for
from blueprints.ops.importing.media import NOT_LOOKED_FOR, Media, is_picture_address
from blueprints.ops.importing.survey import Medium, Used
from models.html_tree import Element, Node

Sized = dict[str, tuple[int, ...]]
NUMBERED = re.compile(r"\b(?:wp-image-|attachment_)(\d+)\b")
SOURCES = ("data-orig-file", "data-full-url", "src", "data-src", "data-lazy-src")  # the first that is of the web
MEDIA = {"iframe": "Embedded page", "video": "Video", "audio": "Recording", "img": "Picture"}


class Pictures:
    """For one text. Without `media` every picture becomes a link, as under what readers wrote."""

    def __init__(
        self, media: Media | None, site: OldSite, counts: Counter[str], sizes: Sized, notes: list[str]
    ) -> None:
        self.media, self.site, self.counts, self.sizes, self.notes = media, site, counts, sizes, notes

    def place(self, root: Element) -> None:
        self._walk(root, inside_link=False)
        self._link_to_pictures(root)
        _credit(root)

    def _walk(self, parent: Element, *, inside_link: bool) -> None:
        children: list[Node] = []
        for child in parent.children:
            if isinstance(child, str):
                children.append(child)
            elif child.tag == "img" and "data-of" not in child.attributes:
                children += self._picture(child, parent, inside_link)
            elif child.tag in MEDIA:
                children += self._other(child, parent, inside_link)
            else:
                self._walk(child, inside_link=inside_link or child.tag == "a")
                children += self._unlinked(child) if child.tag == "a" else [child]
        parent.children = children

    def _picture(self, image: Element, parent: Element, inside_link: bool) -> list[Node]:
        given = image.attributes
        if {given.get("width"), given.get("height")} & {"0", "1"}:
            self.counts["pixels that counted readers, dropped"] += 1
            return []
        address = self._address(image)
        number = NUMBERED.search(given.get("class", ""))
        medium = self.media.about(address, number[1] if number else "") if self.media else None
        used = self.media.take(address, medium) if self.media and address else Used(reason="it has no address")
        alt = given.get("alt") or (medium.alt if medium else "")
        if not used.key:
            return self._in_its_place(address, alt or given.get("title", ""), used.reason, inside_link)
        self.counts["pictures shown in texts"] += 1
        self.sizes[used.key] = used.size
        shown = Element("img", {"src": f"/media/{used.key}", "alt": alt})
        if medium:
            shown.attributes |= {"data-number": medium.number, "data-credit": medium.credit}
        return [shown]

    def _in_its_place(self, address: str, words: str, reason: str, inside_link: bool) -> list[Node]:
        """What stands where a picture cannot: its name, as a link unless it is inside one."""
        self.counts["pictures turned into links"] += 1
        if reason != NOT_LOOKED_FOR and self.media and self.media.is_wanted:
            self.notes.append(f"the picture {address or words} became a link: {reason}.")
        words = words or file_name(address)
        name = f"Picture: {words}" if words else "Picture"
        return [name if inside_link or not address else Element("a", {"href": address, "data-stays": ""}, [name])]

    def _other(self, medium: Element, parent: Element, inside_link: bool) -> list[Node]:
        """A frame, a film or a recording: its name, as a link unless it is inside one."""
        within = next((e for e in medium.elements() if e.attributes.get("src")), medium)
        address = page_of(self.site.absolute(medium.attributes.get("src") or within.attributes.get("src", "")))
        self.counts["recordings, films and embedded pages turned into links"] += 1
        what = MEDIA[medium.tag] if "data-of" not in medium.attributes else "Embedded page"
        words = medium.attributes.get("alt") or medium.attributes.get("title") or file_name(address)
        name = f"{what}: {words}" if words else what
        told = words_for(address)
        if told != address:
            name = told
        if inside_link or not address:
            return [name]
        return [card(address, name, alone=parent.tag in HOLDS_BLOCKS)]

    def _address(self, image: Element) -> str:
        given = image.attributes
        for name in SOURCES:
            address = self.site.absolute(given.get(name, ""))
            if address:
                return address
        offered = [each.split() for each in (given.get("srcset") or given.get("data-srcset", "")).split(",")]
        widths = [(int(re.sub(r"\D", "", each[1]) or 0), each[0]) for each in offered if len(each) == 2]
        return self.site.absolute(max(widths)[1]) if widths else ""

    def _unlinked(self, link: Element) -> list[Node]:
        """A picture that links to itself, large, needs no link: it is large here."""
        images = [each for each in link.elements() if each.tag == "img"]
        if self.media is None or len(images) != 1 or link.text().strip():
            return [link]
        href = self.site.absolute(link.attributes.get("href", ""))
        medium = self.media.about(href) if href else None
        is_own = medium is not None and medium.number == images[0].attributes.get("data-number")
        return link.children if is_own or is_picture_address(href) else [link]

    def _link_to_pictures(self, root: Element) -> None:
        """A link in words to a picture of the old site leads to ours."""
        if self.media is None or not self.media.is_wanted:
            return
        for link in root.elements():
            href = self.site.absolute(link.attributes.get("href", "")) if link.tag == "a" else ""
            if not href or not is_picture_address(href) or "data-stays" in link.attributes:
                continue
            medium = self.media.about(href)
            if medium is None and not self.site.local(href):
                continue
            used = self.media.take(href, medium)
            if used.key:
                link.attributes["href"] = f"/media/{used.key}"


def picture_mark(medium: Medium) -> Element:
    """A picture of the old site by what the export says of it, to be placed: for galleries and lead pictures."""
    marks = {"src": medium.address, "alt": medium.alt, "class": f"wp-image-{medium.number}"}
    caption = [Element("figcaption", {}, [medium.caption])] if medium.caption else []
    return Element("figure", {}, [Element("img", marks), *caption])


def _credit(parent: Element) -> None:
    """Say who made each picture: in the figure it has, or in one made for it where it stands by itself."""
    for place, child in enumerate(parent.children):
        if isinstance(child, str):
            continue
        if child.tag == "figure":
            credits = [e.attributes["data-credit"] for e in child.elements() if e.attributes.get("data-credit")]
            for credit in dict.fromkeys(credits):
                _say(child, credit)
        elif child.tag == "img" and child.attributes.get("data-credit") and _stands_alone(parent, place):
            figure = Element("figure", {}, [child])
            _say(figure, child.attributes["data-credit"])
            if parent.tag == "p":
                parent.tag, parent.children, parent.attributes = "figure", figure.children, {}
                return
            parent.children[place] = figure
        else:
            _credit(child)


def _say(figure: Element, credit: str) -> None:
    caption = next((e for e in figure.children if isinstance(e, Element) and e.tag == "figcaption"), None)
    if caption is None:
        caption = Element("figcaption")
        figure.children.append(caption)
    if credit not in caption.text():
        caption.children += [*([" "] if caption.text().strip() else []), Element("small", {}, [credit])]


def _stands_alone(parent: Element, place: int) -> bool:
    """Whether nothing shares the picture's line."""
    if parent.tag == "p":
        return all(
            not child.strip() if isinstance(child, str) else at == place for at, child in enumerate(parent.children)
        )
    if parent.tag not in HOLDS_BLOCKS:
        return False
    before = parent.children[place - 1] if place else "\n"
    after = parent.children[place + 1] if place + 1 < len(parent.children) else "\n"
    return (
        (not isinstance(before, str) or before.rstrip(" \t").endswith("\n") or not before.strip())
        and (not isinstance(after, str) or after.lstrip(" \t").startswith("\n") or not after.strip())
        and not (isinstance(before, Element) and before.tag in {"a", "img", "em", "strong", "span"})
    )
