"""Shortcodes of WordPress and its common plugins become HTML; the rest are taken out, what they enclose stays.

WordPress knows which words in brackets its plugins have registered; an export does not say. So a word in brackets is
a shortcode when we know its name, when it has attributes, when it is closed further down, or when its name is joined by
an underscore, as no editor's "[sic]" is. What stands in <pre> and <code> is text, and [[gallery]] shows itself.
"""

import html
import re
import string
from collections import Counter
from dataclasses import dataclass, field

from blueprints.ops.importing.survey import Medium, Survey

CARDS = set(
    """bandcamp blip.tv bloglovin brightcove cnnmoney dailymotion embed facebook flickr googlemaps googlevideo hulu
    instagram issuu kickstarter medium pinterest polldaddy reddit scribd slideshare soundcloud spotify ted tiktok tweet
    twitter videopress vimeo wpvideo youtube youtube_sc""".split()
)
NOTES = {"footnote", "footnotes", "ref", "efn_note", "mfn", "sidenote", "note_ref"}
KNOWN = CARDS | NOTES | set(
    """ad adsense archives audio blogroll button caption code contact-field contact-form contact-form-7 column columns
    dropcap gallery googlemaps gravityform highlight html mailpoet newsletter ninja_form playlist php pullquote quote
    recent-posts sitemap social sourcecode spoiler tabs tab toc toggle tweetmeme video wp_caption wpforms
    """.split()
)  # fmt: skip
VERBATIM = {"code", "sourcecode", "php", "html"}
# [[gallery]] is WordPress's way to show the name itself.
TOKEN = re.compile(
    r"<(?P<kept>pre|code)\b"
    r"|(?P<shown>\[\[/?[\w-]+[^\[\]]*\]\])"
    r"|\[(?P<end>/)(?P<end_name>[a-zA-Z][\w.-]*)\s*\]"
    r"|\[(?P<name>[a-zA-Z][\w.-]*)(?P<given>(?:[\s=/][^\[\]]*)?)\]",
    re.IGNORECASE | re.DOTALL,
)
GIVEN = re.compile(
    r"(?P<name>[\w:-]+)\s*=\s*(?:\"(?P<a>[^\"]*)\"|'(?P<b>[^']*)'|[“”″](?P<c>[^“”″]*)[“”″]|(?P<e>[^\s\"']+))"
    r"|\"(?P<f>[^\"]*)\"|(?P<g>[^\s\"'=]+)"
)
PICTURE = re.compile(
    r"\s*((?:<p>\s*)?(?:<a\b[^>]*>)?\s*<img\b[^>]*>\s*(?:</a>)?(?:\s*</p>)?)(.*)", re.DOTALL | re.IGNORECASE
)
ADDRESS = re.compile(r"https?://[^\s\"'<>\]]+")
FOLDED = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)  # every character stays in its place
PLACES = {"vimeo": "https://vimeo.com/{}", "youtube": "https://www.youtube.com/watch?v={}"}
NUMBERED_PLACE = {"vimeo": re.compile(r"\d+"), "youtube": re.compile(r"[\w-]{11}")}
SOUND = re.compile(r"\.(?:mp3|m4a|ogg|oga|wav|wma|flac)\b", re.IGNORECASE)


@dataclass(slots=True)
class Resolved:
    """HTML without shortcodes; the footnotes that stood in them; which we did not know, and how often."""

    html: str = ""
    notes: list[str] = field(default_factory=list)
    known: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class _Open:
    name: str
    given: dict[str, str]
    place: int  # in the pieces written so far


def resolve(source: str, survey: Survey, story: str) -> Resolved:
    """`story` is the number of the story, whose media a gallery shows that names none."""
    return _Resolver(source, survey, story).resolved()


class _Resolver:
    def __init__(self, source: str, survey: Survey, story: str) -> None:
        self.source, self.survey, self.story = source, survey, story
        self.result = Resolved()
        self.pieces: list[str] = []
        self.open: list[_Open] = []
        self.folded = source.translate(FOLDED)
        self.last_ends = {tag: self.folded.rfind(f"</{tag}") for tag in ("pre", "code")}
        self.closed = {m["end_name"].lower() for m in TOKEN.finditer(source) if m["end"]}

    def resolved(self) -> Resolved:
        at = 0
        verbatim = ""
        for token in TOKEN.finditer(self.source):
            if token.start() < at or (verbatim and (token["end_name"] or "").lower() != verbatim):
                continue  # within <pre>, or within [code], all is text
            self.pieces.append(self.source[at : token.start()])
            at = token.end()
            if token["kept"]:
                at = max(at, self._end_of(token["kept"].lower(), at))
                self.pieces.append(self.source[token.start() : at])
            elif token["shown"]:
                self.pieces.append(token["shown"][1:-1])
            elif token["end"]:
                verbatim = ""
                self._close(token["end_name"].lower(), token[0])
            else:
                verbatim = self._start(token)
        self.pieces.append(self.source[at:])
        while self.open:
            self._finish(self.open.pop(), reaches=False)
        self.result.html = "".join(self.pieces)
        return self.result

    def _end_of(self, tag: str, at: int) -> int:
        """Where the element ends that begins at `at`; -1 when it never does."""
        if self.last_ends[tag] < at:  # or every unclosed one would look through all that follows
            return -1
        return self.folded.find(f"</{tag}", at)

    def _start(self, token: re.Match[str]) -> str:
        """Gives the name where everything up to its end is text."""
        name, given = token["name"].lower(), token["given"]
        is_closed = name in self.closed
        if not (name in KNOWN or is_closed or "_" in name or re.search(r"[\w-]\s*=\s*[\w\"'“”#/.]", given)):
            self.pieces.append(token[0])
            return ""
        (self.result.known if name in KNOWN else self.result.unknown)[name] += 1
        opened = _Open(name, _given(given), len(self.pieces))
        if is_closed and not given.rstrip().endswith("/"):
            self.open.append(opened)
            return name if name in VERBATIM else ""
        self._finish(opened)
        return ""

    def _close(self, name: str, token: str) -> None:
        place = next((at for at in range(len(self.open) - 1, -1, -1) if self.open[at].name == name), None)
        if place is None:
            if name not in KNOWN and "_" not in name and not any(each == name for each in self.result.unknown):
                self.pieces.append(token)
            return
        while len(self.open) > place + 1:  # opened within, and never closed
            self._finish(self.open.pop(), reaches=False)
        self._finish(self.open.pop())

    def _finish(self, opened: _Open, *, reaches: bool = True) -> None:
        """Put what a shortcode shows in the place of what it encloses; `reaches`: its end is where we are."""
        inside = "".join(self.pieces[opened.place :]) if reaches else ""
        shown = self._shown(opened.name, opened.given, inside)
        if reaches:
            del self.pieces[opened.place :]
            self.pieces.append(shown)
        else:
            self.pieces.insert(opened.place, shown)

    def _shown(self, name: str, given: dict[str, str], inside: str) -> str:
        if name in {"caption", "wp_caption"}:
            return _captioned(given, inside)
        if name == "gallery":
            return self._gallery(given)
        if name in {"audio", "video", "playlist"}:
            return self._recordings(name, given, inside)
        if name in NOTES and inside.strip():
            self.result.notes.append(inside.strip())
            return f'<sup data-fn="shortcode-{len(self.result.notes)}"></sup>'
        if name in VERBATIM and inside:
            return f"<pre><code>{html.escape(html.unescape(inside.strip()), quote=False)}</code></pre>"
        if name == "quote" and inside.strip():
            return f"<blockquote>{inside}{_source(given)}</blockquote>"
        if name in {"pullquote", "pull_quote", "pull-quote"} and inside.strip():
            return f'<figure class="wp-block-pullquote"><blockquote>{inside}{_source(given)}</blockquote></figure>'
        return _embedded(name, given, inside) if name in CARDS else inside or _address_of(name, given)

    def _gallery(self, given: dict[str, str]) -> str:
        named = re.findall(r"\d+", given.get("ids") or given.get("include") or "")
        left_out = set(re.findall(r"\d+", given.get("exclude", "")))
        media = [self.survey.medium(number) for number in named] if named else self.survey.media_of(
            given.get("id") or self.story
        )  # fmt: skip
        figures = [_figure(medium) for medium in media if medium and medium.number not in left_out]
        return "\n\n" + "".join(figures) + "\n\n"

    def _recordings(self, name: str, given: dict[str, str], inside: str) -> str:
        media = [self.survey.medium(number) for number in re.findall(r"\d+", given.get("ids", ""))]
        found = [(medium.address, medium.title) for medium in media if medium]
        addresses = [value for value in given.values() if ADDRESS.fullmatch(value)] or ADDRESS.findall(inside)[:1]
        found += [(address, "") for address in addresses[:1] if not found]
        tag = "video" if name == "video" or given.get("type") == "video" else "audio"
        players = [f'<{tag} src="{_q(address)}" title="{_q(words)}"></{tag}>' for address, words in found]
        return "\n\n" + "\n\n".join(players) + "\n\n"


def _given(text: str) -> dict[str, str]:
    """The attributes by name, and those without one by their number."""
    values: dict[str, str] = {}
    text = re.sub(r"&(?:quot|#8220|#8221|#8243);", '"', text)
    for found in GIVEN.finditer(text.lstrip("=").rstrip("/ ")):
        value = next((found[group] for group in "abcefg" if found[group] is not None), "")
        values.setdefault((found["name"] or str(len(values))).lower(), html.unescape(value))
    return values


def _captioned(given: dict[str, str], inside: str) -> str:
    parted = PICTURE.fullmatch(inside)
    picture, words = (parted[1], parted[2].strip()) if parted else (inside, "")
    words = words or html.escape(given.get("caption", ""), quote=False)
    number = re.search(r"\d+", given.get("id", ""))
    if number and "wp-image-" not in picture:
        picture = picture.replace("<img", f'<img class="wp-image-{number[0]}"', 1)
    caption = f"<figcaption>{words}</figcaption>" if words else ""
    return f"\n\n<figure>{re.sub('</?p>', '', picture)}{caption}</figure>\n\n"


def _figure(medium: Medium) -> str:
    caption = f"<figcaption>{_q(medium.caption)}</figcaption>" if medium.caption else ""
    image = f'<img class="wp-image-{_q(medium.number)}" src="{_q(medium.address)}" alt="{_q(medium.alt)}">'
    return f"<figure>{image}{caption}</figure>"


def _embedded(name: str, given: dict[str, str], inside: str) -> str:
    """The address, alone on its line: a link card is made of it, as of any other."""
    address = ADDRESS.search(inside) or ADDRESS.search(" ".join(given.values()))
    if address:
        return f"\n\n{html.unescape(address[0])}\n\n"
    number = next((value for value in given.values() if name in PLACES and NUMBERED_PLACE[name].fullmatch(value)), "")
    return f"\n\n{PLACES[name].format(number)}\n\n" if number else inside


def _address_of(name: str, given: dict[str, str]) -> str:
    """What is left of a shortcode that encloses nothing: the address it was given, if any."""
    address = next((value for value in given.values() if ADDRESS.fullmatch(value)), "")
    return f"\n\n{address}\n\n" if address else ""


def _source(given: dict[str, str]) -> str:
    words = given.get("author") or given.get("source") or given.get("cite") or given.get("by") or ""
    return f"<cite>{html.escape(words, quote=False)}</cite>" if words else ""


def _q(text: str) -> str:
    return html.escape(text)
