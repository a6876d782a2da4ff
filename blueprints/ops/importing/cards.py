"""Links that stand for what was embedded: a film, a recording, a post elsewhere. No frame, no request."""

import re
from urllib.parse import unquote, urlsplit

from models.html_tree import Element, Node

PROVIDERS = {
    "youtube.com": "Video on YouTube",
    "youtu.be": "Video on YouTube",
    "youtube-nocookie.com": "Video on YouTube",
    "vimeo.com": "Video on Vimeo",
    "dailymotion.com": "Video on Dailymotion",
    "wordpress.tv": "Video on WordPress.tv",
    "videopress.com": "Video on VideoPress",
    "bilibili.com": "Video on Bilibili",
    "ted.com": "Talk on TED",
    "tiktok.com": "Video on TikTok",
    "twitter.com": "Post on X",
    "x.com": "Post on X",
    "bsky.app": "Post on Bluesky",
    "weibo.com": "Post on Weibo",
    "facebook.com": "Post on Facebook",
    "instagram.com": "Post on Instagram",
    "reddit.com": "Post on Reddit",
    "flickr.com": "Pictures on Flickr",
    "soundcloud.com": "Recording on SoundCloud",
    "spotify.com": "Recording on Spotify",
    "scribd.com": "Document on Scribd",
    "slideshare.net": "Slides on SlideShare",
}
PLAYERS = (  # addresses of frames, and the page each shows
    (
        re.compile(r"https?://(?:www\.)?youtube(?:-nocookie)?\.com/embed/([\w-]{6,})"),
        "https://www.youtube.com/watch?v={}",
    ),
    (re.compile(r"https?://player\.vimeo\.com/video/(\d+)"), "https://vimeo.com/{}"),
    (re.compile(r"https?://open\.spotify\.com/embed/(\w+/\w+)"), "https://open.spotify.com/{}"),
)
TRACKERS = re.compile(r"(?:\?|&)(?:utm_\w+|igsh\w*|fbclid|si|feature)=[^&#]*")  # not worth reading
ADDRESS_LINE = re.compile(r"^[ \t]*(https?://[^\s<>]+)[ \t]*$", re.MULTILINE)
UNTOUCHED = {"a", "pre", "code"}  # where an address in the text stays text
HOLDS_BLOCKS = {"", "div", "section", "article", "main", "center", "blockquote", "aside", "details"}


def page_of(address: str) -> str:
    """The page that a frame shows, where we know it."""
    for rule, page in PLAYERS:
        if found := rule.match(address):
            return page.format(found[1])
    return address


def provider(address: str) -> str:
    """ "Video on YouTube", or "" when the host is not known."""
    try:
        host = (urlsplit(address).hostname or "").split(".")
    except ValueError:
        return ""
    names = (".".join(host[place:]) for place in range(len(host)))
    return next((PROVIDERS[name] for name in names if name in PROVIDERS), "")


def words_for(address: str) -> str:
    """What a link card says."""
    told = provider(address)
    short = TRACKERS.sub("", re.sub(r"^https?://(?:www\.)?", "", address))
    return f"{told}: {short}" if told else address


def card(address: str, words: str = "", *, alone: bool = True) -> Element:
    """A link; a figure around it where it stands alone."""
    link = Element(
        "a", {"href": address, "data-stays": ""} if words else {"href": address}, [words or words_for(address)]
    )
    return Element("figure", {}, [link]) if alone else link


def file_name(address: str) -> str:
    parts = urlsplit(address)
    return unquote(parts.path.rstrip("/").rpartition("/")[2]) or parts.hostname or ""


def link_addresses(parent: Element) -> None:
    """An address alone on its line, which WordPress would embed, becomes a link."""
    children: list[Node] = []
    for child in parent.children:
        if isinstance(child, Element):
            if child.tag not in UNTOUCHED:
                link_addresses(child)
            children.append(child)
            continue
        for place, piece in enumerate(ADDRESS_LINE.split(child)):
            if not place % 2:
                children.append(piece)
            elif parent.tag in HOLDS_BLOCKS and provider(piece):
                children.append(card(piece))
            else:
                children.append(card(piece, alone=False))
    parent.children = children
