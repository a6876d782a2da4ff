"""Makes WordPress's HTML ready for `write`: shortcodes resolved, media turned into links. Pure but for the cleaner.

A picture on another site would be a request to a third party, which our pages never make; so it becomes a link.
"""

import html
import re
from collections import Counter
from urllib.parse import unquote, urljoin, urlsplit

import nh3

from models.clean_html import ATTRIBUTES, GONE, TAGS, is_soup
from models.html_tree import Element, Node, inner_html, parse
from models.markdown import DIVIDER, DIVIDER_MARK

SHORTCODES = """
audio blogroll caption contact-form contact-form-7 contact-field dailymotion embed facebook flickr gallery
googlemaps gravityform instagram playlist pinterest polldaddy quote scribd slideshare soundcloud spotify ted tiktok
tweet tweetmeme twitter video videopress vimeo wp_caption wpvideo youtube
""".split()
MEDIA = {"iframe": "Embedded page", "video": "Video", "audio": "Recording", "img": "Picture"}
# [[gallery]] is WordPress's way to show the name itself. Any other word in brackets is a shortcode only if it
# is known or carries attributes: "[sic]" and "[1]" are words.
SHORTCODE = re.compile(
    rf"(?P<shown>\[\[/?[\w-]+[^\[\]]*\]\])"
    rf"|\[(?P<end>/?)(?P<name>{'|'.join(SHORTCODES)}|(?=[\w-]+\s[^\[\]]*=)[a-zA-Z][\w-]*)(?P<given>(?:[\s/=][^\[\]]*)?)\]"
)
ADDRESS = re.compile(r"https?://[^\s\"'<>\]]+")
CAPTION = re.compile(r"caption=(\"|&quot;)(.*?)\1", re.DOTALL)
ADDRESS_LINE = re.compile(r"^[ \t]*(https?://[^\s<>]+)[ \t]*$", re.MULTILINE)
UNTOUCHED = {"a", "pre", "code"}  # where an address in the text stays text
REPLY_TAGS = set(
    """a abbr b blockquote br cite code dd del dl dt em i ins kbd li ol p pre q s strong sub sup table tbody td tfoot
    th thead tr ul""".split()
)
HEADING = re.compile(r"<(/?)h[1-6]\b[^>]*>", re.IGNORECASE)


def ready(source: str, site: str, counts: Counter[str]) -> str:
    """Sound HTML without shortcodes and without media; what was done is added to `counts`."""
    source = _without_shortcodes(source, counts)
    if is_soup(source):
        return source  # the cleaner will show it as text
    source = DIVIDER.sub(DIVIDER_MARK, source)
    # <source> and <embed> have no end tag, as <img> has none, and like it an address.
    source = re.sub(r"<(source|embed)(?=[\s/])", '<img data-of="media"', source, flags=re.IGNORECASE)
    root = parse(_sound(source))
    _replace_media(root, site, counts, inside_link=False)
    _link_addresses(root)
    return inner_html(root)


def ready_reply(source: str, site: str) -> str:
    """Likewise for what a reader wrote, who has fewer tags. Headings are the story's: theirs become bold lines."""
    bold = HEADING.sub(lambda tag: "</strong></p>" if tag[1] else "<p><strong>", ready(source, site, Counter()))
    return nh3.clean(bold, tags=REPLY_TAGS, attributes={"a": {"href"}}, link_rel=None)


def plain(source: str) -> str:
    """One line of text, without tags and entities."""
    return " ".join(html.unescape(nh3.clean(source, tags=set())).split())


def opening_words(prepared: str) -> str:
    """What an untitled text begins with: up to eight words or 60 characters."""
    words = " ".join(parse(prepared).text().split()[:9])
    if len(words) <= 60 and words.count(" ") < 8:
        return words
    cut = " ".join(words.split()[:8])
    if len(cut) > 60:
        cut = cut[:60].rpartition(" ")[0] or cut[:40]  # hanzi have no spaces
    return cut.rstrip(".,;:!?。，") + "…"


def _without_shortcodes(source: str, counts: Counter[str]) -> str:
    opened = {match["name"] for match in SHORTCODE.finditer(source) if match["name"]}
    source = SHORTCODE.sub(lambda match: _resolved(match, counts), source)
    return re.sub(r"\[/([\w-]+)\]", lambda end: "" if end[1] in opened else end[0], source)


def _resolved(match: re.Match[str], counts: Counter[str]) -> str:
    if match["shown"]:
        return match["shown"][1:-1]
    counts["shortcodes"] += 1
    name, given = match["name"], match["given"]
    if match["end"]:
        return "\n" if name in {"embed", "caption", "wp_caption"} else ""
    if name in {"caption", "wp_caption"}:
        words = CAPTION.search(given)
        return html.unescape(words[2]) + " " if words else ""
    if name == "gallery":
        counts["galleries"] += 1
    address = ADDRESS.search(given)
    return f"\n{address[0]}\n" if address else "\n" if name == "embed" else ""


def _sound(source: str) -> str:
    return nh3.clean(
        re.sub(r"&(?![#a-zA-Z])", "&amp;", source),
        tags=TAGS | set(MEDIA),
        clean_content_tags=GONE - set(MEDIA),
        attributes={**ATTRIBUTES, **dict.fromkeys(MEDIA, {"src", "alt", "title", "data-of"})},
        allowed_classes={"div": {"open-until-here"}},
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
    )


def _replace_media(parent: Element, site: str, counts: Counter[str], *, inside_link: bool) -> None:
    children: list[Node] = []
    for child in parent.children:
        if isinstance(child, Element) and child.tag in MEDIA:
            children += _link(child, site, counts, inside_link)
            continue
        if isinstance(child, Element):
            _replace_media(child, site, counts, inside_link=inside_link or child.tag == "a")
        children.append(child)
    parent.children = children


def _link(medium: Element, site: str, counts: Counter[str], inside_link: bool) -> list[Node]:
    """What stands in a medium's place: its name, as a link unless it is inside one."""
    within = next((e for e in medium.elements() if e.attributes.get("src")), medium)
    source = medium.attributes.get("src") or within.attributes.get("src", "")
    kind = "media" if medium.tag != "img" or "data-of" in medium.attributes else "pictures"
    counts[kind] += 1
    address = _absolute(site, source)
    words = medium.attributes.get("alt") or medium.attributes.get("title") or _file_name(address)
    what = "Embedded page" if "data-of" in medium.attributes else MEDIA[medium.tag]
    name = f"{what}: {words}" if words else what
    return [name if inside_link or not address else Element("a", {"href": address}, [name])]


def _absolute(site: str, source: str) -> str:
    try:
        address = urljoin(site + "/", source.strip()) if source.strip() else ""
        return address if urlsplit(address).scheme in {"http", "https"} else ""
    except ValueError:
        return ""


def _file_name(address: str) -> str:
    parts = urlsplit(address)
    return unquote(parts.path.rstrip("/").rpartition("/")[2]) or parts.hostname or ""


def _link_addresses(parent: Element) -> None:
    """An address alone on its line, which WordPress would embed, becomes a link."""
    children: list[Node] = []
    for child in parent.children:
        if isinstance(child, Element):
            if child.tag not in UNTOUCHED:
                _link_addresses(child)
            children.append(child)
            continue
        for place, piece in enumerate(ADDRESS_LINE.split(child)):
            children.append(Element("a", {"href": piece}, [piece]) if place % 2 else piece)
    parent.children = children
