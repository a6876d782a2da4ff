"""Canary words: each alone says of which story and which place it is, whatever was done to the text around it."""

import base64
import gzip
import html
import re
import unicodedata
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from models.search_index import simplified

SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprst" for vowel in "aeiou"]
WORD = re.compile("xq[a-z]{4}")  # the head of a Latin word: as much as is needed to know it
RARE = re.compile("[\u3400-\u4dbf]")  # CJK Extension A: in no other text of these tests
ROW = re.compile("[\u3400-\u4dbf]{3,}")
THREE = re.compile(rb"(?:[\xe3\xe4][\x80-\xbf]{2}){3}")  # three such in UTF-8
UNSEEN = re.compile("<[^>]*>|[\u00ad\u200b-\u200d\u2060\ufeff]")  # tags and what nobody sees may part a word
ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
PACKED = re.compile(r"[A-Za-z0-9+/_-]{14,}")
FROM_ADDRESSES = str.maketrans("-_", "+/")
EACH = 4  # Latin words, and as many hanzi, in one canary


@dataclass(frozen=True, slots=True)
class Canary:
    """A sentence in letters and one in hanzi; they stand in one place of one story."""

    story: str  # its slug
    place: str
    words: tuple[str, ...]
    hanzi: str

    @property
    def sentence(self) -> str:
        first, second, third, fourth = self.words
        return f"The {first} of {second} was {third}, said {fourth}; {self.hanzi[:3]}，{self.hanzi[3:]}。"

    @property
    def line(self) -> str:
        """For headings, names and captions."""
        return f"{self.words[0]} {self.words[1]} {self.hanzi}"

    @property
    def slug(self) -> str:
        return "-".join(self.words[:2])

    def __str__(self) -> str:
        return f"{self.place} of {self.story}"


class Aviary:
    """Makes canaries, and knows each again by any of its words."""

    def __init__(self) -> None:
        self.known: dict[str, Canary] = {}
        self.letters = iter(steady_hanzi())
        self.seen: dict[int, frozenset[Canary]] = {}  # what an answer held that was looked at before

    def canary(self, story: str, place: str) -> Canary:
        number = len(self.known) // (2 * EACH)
        words = tuple(latin(number * EACH + nth) for nth in range(EACH))
        made = Canary(story, place, words, "".join(next(self.letters) for _ in range(EACH)))
        self.known |= dict.fromkeys((*(word[:6] for word in words), *made.hanzi), made)
        return made

    def of(self, story: str) -> set[Canary]:
        return {canary for canary in self.known.values() if canary.story == story}

    def heard(self, answer: bytes, asked: str = "") -> frozenset[Canary]:
        """The canaries in an answer; `asked` is what the question said itself, and may be said back."""
        key = hash((answer, asked))
        if key not in self.seen:
            own = tokens(asked.encode()) if asked else set()
            self.seen[key] = frozenset(self.known[token] for token in tokens(answer) - own if token in self.known)
        return self.seen[key]


def latin(number: int) -> str:
    """A word that no language has; its first six letters are its own."""
    high, low = divmod(number, len(SYLLABLES))
    return f"xq{SYLLABLES[high]}{SYLLABLES[low]}{SYLLABLES[(7 * number) % len(SYLLABLES)]}n"


def steady_hanzi() -> Iterator[str]:
    """Hanzi that searching and normalising leave as they are."""
    for code in range(0x3400, 0x4DC0):
        if unicodedata.normalize("NFKC", chr(code)) == chr(code) and simplified(chr(code)) == chr(code):
            yield chr(code)


def tokens(data: bytes) -> set[str]:
    """All heads of canary words and rare hanzi in here, under every wrapping that an answer may come in."""
    data = unzipped(data)
    try:
        text = data.decode()
    except UnicodeDecodeError:  # a picture, an archive
        return by_chance_never(data.decode("utf-8", "replace").casefold())
    found: set[str] = set()
    for reading in readings(text):
        found.update(WORD.findall(reading), RARE.findall(reading))
    for run in PACKED.findall(text):
        for start in range(4):
            piece = run[start:].translate(FROM_ADDRESSES)
            unpacked = base64.b64decode(piece[: len(piece) - (len(piece) % 4 == 1)] + "==")
            if b"xq" in unpacked.lower() or THREE.search(unpacked):
                found |= by_chance_never(unpacked.decode("utf-8", "replace").casefold())
    return found


def by_chance_never(text: str) -> set[str]:
    """What chance makes of bytes that are no text is not heard: hanzi count where three stand together."""
    return {*WORD.findall(text), *(letter for row in ROW.findall(text) for letter in row)}


def unzipped(data: bytes) -> bytes:
    try:
        return gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
    except (OSError, EOFError, zlib.error):
        return data


def readings(text: str) -> Iterator[str]:
    """The text as it is and as others would read it: without tags, unescaped."""
    plain = (text if text.isascii() else unicodedata.normalize("NFKC", text)).casefold()
    yield plain
    if "<" in plain or not plain.isascii():
        yield UNSEEN.sub("", plain)
    if "%" in plain:
        yield unquote(plain)
    if "&#" in plain:
        yield html.unescape(plain)
    if "\\u" in plain:
        yield ESCAPED.sub(lambda match: chr(int(match[1], 16)), plain)
