"""Makes the HTML of an old site ready for `models.writing.write`: its pictures ours, its links leading here.

A picture, a frame or a player on another site would be a request to a third party, which our pages never make: what
we cannot have becomes a link.
"""

import html
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import nh3

from blueprints.ops.importing import cards
from blueprints.ops.importing.addresses import OldSite, rewritten
from blueprints.ops.importing.figures import Pictures, Sized
from blueprints.ops.importing.media import Media
from blueprints.ops.importing.survey import Survey
from models.clean_html import ATTRIBUTES, GONE, TAGS, is_soup
from models.html_tree import Element, inner_html, parse
from models.markdown import DIVIDER, DIVIDER_MARK
from models.writing import write

MEDIA = {"iframe", "video", "audio"}
PICTURE_ATTRIBUTES = {"src", "srcset", "alt", "title", "width", "height", "data-of"}
PICTURE_ATTRIBUTES |= {"data-src", "data-lazy-src", "data-orig-file", "data-full-url", "data-srcset"}
OURS = {"pull-quote", "footnotes", "footnote-ref", "open-until-here"}  # the classes a text may keep
REPLY_TAGS = set(
    """a abbr b blockquote br cite code dd del dl dt em i ins kbd li ol p pre q s strong sub sup table tbody td tfoot
    th thead tr ul""".split()
)
HEADING = re.compile(r"<(/?)h[1-6]\b[^>]*>", re.IGNORECASE)
Reshape = Callable[[Element], None]


@dataclass(slots=True)
class Text:
    """A text ready to be written, the sizes of its pictures, and what the operator should know: ends of sentences."""

    html: str = ""
    sizes: Sized = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


class Texts:
    """Readies texts one by one; `counts` tells what was done, in the words of the report."""

    def __init__(self, survey: Survey, site: OldSite, media: Media, counts: Counter[str]) -> None:
        self.survey, self.site, self.media, self.counts = survey, site, media, counts

    def ready(self, source: str, reshape: Reshape | None = None) -> Text:
        """Sound HTML, its media and links seen to. `reshape` may change the tree first, while it has its classes."""
        if is_soup(source):
            return Text(source)  # the cleaner will show it as text
        text = Text()
        root = parse(sound(source))
        if reshape:
            reshape(root)
        Pictures(self.media, self.site, self.counts, text.sizes, text.notes).place(root)
        cards.link_addresses(root)
        self._lead_links(root, text)
        _strip(root)
        text.html = inner_html(root)
        return text

    def ready_reply(self, source: str) -> str:
        """Likewise for what a reader wrote, who has fewer tags. Headings are the story's: theirs become bold lines."""
        root = parse(sound(source))
        Pictures(None, self.site, Counter(), {}, []).place(root)
        cards.link_addresses(root)
        self._lead_links(root, None)
        bold = HEADING.sub(lambda tag: "</strong></p>" if tag[1] else "<p><strong>", inner_html(root))
        return nh3.clean(bold, tags=REPLY_TAGS, attributes={"a": {"href"}}, link_rel=None)

    def written_reply(self, source: str) -> str:
        """What a reader wrote, as it is kept. Links by readers tell search engines nothing."""
        root = parse(write(self.ready_reply(source), html=True).body)
        for element in root.elements():
            if element.tag == "a":
                element.attributes["rel"] = "nofollow ugc"
        return inner_html(root)

    def _lead_links(self, root: Element, text: Text | None) -> None:
        for link in root.elements():
            href = link.attributes.get("href", "") if link.tag == "a" else ""
            if not href or href.startswith("/media/") or "data-stays" in link.attributes:
                continue
            new = rewritten(href, self.site, self.survey)
            if new is None:
                link.attributes["href"] = self.site.absolute(href)
                self.counts["links into the old site that lead to what was not imported"] += text is not None
                if text is not None and self.media.is_wanted and "/uploads/" in href:
                    text.notes.append(f"the file {self.site.absolute(href)} stays where it was, behind a link.")
            elif new != href:
                link.attributes["href"] = new
                if link.text().strip() == href and (story := self.survey.story_at(new)):
                    link.children = [story.title]
                self.counts["links that lead to the new addresses"] += text is not None


def sound(source: str) -> str:
    """Balanced tags with the attributes that importers look at, and nothing that runs."""
    source = DIVIDER.sub(DIVIDER_MARK, source)
    # <source> and <embed> have no end tag, as <img> has none, and like it an address.
    source = re.sub(r"<(source|embed)(?=[\s/])", '<img data-of="media"', source, flags=re.IGNORECASE)
    return nh3.clean(
        re.sub(r"&(?![#a-zA-Z])", "&amp;", source),
        tags=TAGS | MEDIA,
        clean_content_tags=GONE - MEDIA,
        attributes={
            **ATTRIBUTES,
            **dict.fromkeys(MEDIA, {"src", "title"}),
            "*": ATTRIBUTES["*"] | {"class", "id"},
            "img": PICTURE_ATTRIBUTES,
            "sup": {"data-fn"},
        },
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
    )


def _strip(root: Element) -> None:
    """Take off the classes and marks of the old site, which only told us what is what."""
    for element in root.elements():
        kept = [name for name in element.attributes.pop("class", "").split() if name in OURS]
        if kept:
            element.attributes["class"] = kept[0]
        for name in [name for name in element.attributes if name.startswith("data-")]:
            del element.attributes[name]


def plain(source: str) -> str:
    """One line of text, without tags and entities."""
    return " ".join(html.unescape(nh3.clean(source, tags=set())).split())


def opening_words(source: str) -> str:
    """What an untitled text begins with: up to eight words or 60 characters."""
    shown = plain(re.sub(r"<(?=/?(?:p|h[1-6]|li|div|br)\b)", " <", source))
    words = " ".join(shown.split()[:9])
    if len(words) <= 60 and words.count(" ") < 8:
        return words
    cut = " ".join(words.split()[:8])
    if len(cut) > 60:
        cut = cut[:60].rpartition(" ")[0] or cut[:40]  # hanzi have no spaces
    return cut.rstrip(".,;:!?。，") + "…"
