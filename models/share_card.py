"""The picture that shows when somebody shares a story: its section, its title, and the magazine's name."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageDraw

from models import hanzi
from models.typefaces import Stack, has_hanzi_face, sans, serif

SIZE = (1200, 630)  # pixels, as the networks crop least
MARGIN = 72
WIDTH = SIZE[0] - 2 * MARGIN
TOP, BOTTOM = 150, 476  # between these the title stands
TITLE_SIZES = (88, 80, 72, 64, 58, 52, 46, 42)  # pixels; the largest that fits
LEADING = 1.14
SECTION_SIZE = 26  # pixels
PAPER, INK, ACCENT = "#fffdf8", "#191613", "#b3261e"  # the light colours of static/css/site.css
NOT_FIRST = set("，。、；：？！）》」』】〕”’…—·％,.;:?!)]}»")  # what opens no line
NOT_LAST = set("（《「『【〔“‘([{«")  # what ends none
UNSEEN = {"Cc", "Cf", "Cn", "Co", "Cs"}  # joiners of emoji, private and unassigned characters
GETA = "〓"  # what printers set for a character they lack
EMPTY = ("()", "（）", "[]", "“”", "‘’", "「」", "『』", "《》", '""', "##")


@dataclass(frozen=True, slots=True)
class Card:
    """What is drawn, and nothing else: never a word of a text."""

    title: str
    section: str
    site: str
    site_hanzi: str

    def png(self) -> bytes:
        image = Image.new("RGB", SIZE, PAPER)
        draw = ImageDraw.Draw(image)
        draw.line([(MARGIN, 68), (SIZE[0] - MARGIN, 68)], fill=INK, width=3)
        _draw_section(draw, drawable(self.section, sans(SECTION_SIZE)))
        _draw_title(draw, drawable(self.title, serif(TITLE_SIZES[0])) or self.site)
        draw.line([(MARGIN, 518), (SIZE[0] - MARGIN, 518)], fill=INK, width=1)
        _draw_site(draw, drawable(self.site, serif(52)), drawable(self.site_hanzi, serif(24)))
        out = BytesIO()
        image.quantize(64, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)  # three colours and their edges
        return out.getvalue()


def drawable(text: str, faces: Stack) -> str:
    """The text without what no typeface here can draw: no box ever stands for a letter.

    Hanzi go by whole runs where there is no typeface for them at all; with one, a rare character becomes 〓.
    """
    told = (letter for letter in text if letter.isspace() or unicodedata.category(letter) not in UNSEEN)
    text = unicodedata.normalize("NFC", " ".join("".join(told).split()))
    kept = []
    for kind, piece in hanzi.pieces(text):
        if kind != "text" and not has_hanzi_face():
            continue
        kept.append("".join(_drawable_letter(letter, kind, faces) for letter in piece))
    drawn = "".join(kept)
    if drawn == text:
        return text
    for empty in EMPTY:
        drawn = drawn.replace(empty, "")
    return re.sub(r"\s+(?=[,.:;!?])", "", " ".join(drawn.split())).strip(" :–—-,&/·")


def _drawable_letter(letter: str, kind: str, faces: Stack) -> str:
    if letter == " " or faces.draws(letter):
        return letter
    if kind != "text" and hanzi.has_hanzi(letter):
        return GETA if faces.draws(GETA) else ""
    plain = unicodedata.normalize("NFD", letter)[0]  # a letter without its accent is better than none
    return plain if faces.draws(plain) else ""


def _draw_section(draw: ImageDraw.ImageDraw, section: str) -> None:
    """In capitals set apart, as labels are on the pages; hanzi stand as they are."""
    faces = sans(SECTION_SIZE)

    def step(letter: str) -> float:
        return faces.width(letter) + (0 if hanzi.has_hanzi(letter) else SECTION_SIZE * 0.09)

    across = float(MARGIN)
    for letter in _cut(section, lambda text: sum(map(step, text.upper())) <= WIDTH).upper():
        faces.draw(draw, (across, 118), letter, ACCENT)
        across += step(letter)


def _draw_site(draw: ImageDraw.ImageDraw, site: str, raised: str) -> None:
    faces = serif(52)
    site = _cut(site, lambda text: faces.width(text) <= WIDTH - 120)
    faces.draw(draw, (MARGIN, 580), site, INK)
    serif(24).draw(draw, (MARGIN + faces.width(site) + 12, 556), raised, INK)


def _draw_title(draw: ImageDraw.ImageDraw, title: str) -> None:
    lines, size = fitted(title)
    faces, step = serif(size), size * LEADING
    baseline = TOP + (BOTTOM - TOP - step * len(lines)) / 2 + size * 0.92
    for number, line in enumerate(lines):
        faces.draw(draw, (MARGIN, baseline + number * step), line, INK)


def fitted(title: str) -> tuple[list[str], int]:
    """The title's lines and the size in pixels at which they fit; what is too long even then ends in …"""
    for size in TITLE_SIZES:
        faces = serif(size)
        lines, most = wrapped(title, faces.width, WIDTH), int((BOTTOM - TOP) / (size * LEADING))
        broken = any(faces.width(word) > WIDTH and not hanzi.has_hanzi(word) for word in _words(title))
        if len(lines) <= most and (not broken or size == TITLE_SIZES[-1]):
            return balanced(title, faces.width, lines), size
    rest = " ".join(lines[most - 1 :])
    return [*lines[: most - 1], _cut(rest, lambda text: faces.width(text) <= WIDTH)], size


def balanced(title: str, width: Callable[[str], float], lines: list[str]) -> list[str]:
    """As many lines, but of about one length: a last line of one short word looks like an accident."""
    whole = (width(word.rstrip()) for word in _words(title))
    narrowest, widest = max((each for each in whole if each <= WIDTH), default=0.0), float(WIDTH)
    while widest - narrowest > 8:
        middle = (narrowest + widest) / 2
        tried = wrapped(title, width, middle)
        if len(tried) <= len(lines) and all(width(line) <= WIDTH for line in tried):
            widest, lines = middle, tried
        else:
            narrowest = middle
    return lines


def wrapped(title: str, width: Callable[[str], float], room: float) -> list[str]:
    """Lines no wider than `room`, broken between words; a run of hanzi or a hashtag breaks only if it fills a line."""
    lines = [""]
    for word in _words(title):
        if width((lines[-1] + word).rstrip()) <= room:
            lines[-1] += word
        elif width(word.rstrip()) <= room:
            lines.append(word)
        else:
            for piece in _breakable(word):
                if lines[-1] and width((lines[-1] + piece).rstrip()) > room:
                    lines.append("")
                lines[-1] += piece
    return [line.strip() for line in lines if line.strip()]


def _words(title: str) -> Iterator[str]:
    """What a line may not break: words with their space, runs of hanzi with the marks that belong to them."""
    word = ""
    for kind, piece in hanzi.pieces(title):
        if kind != "text":
            word += piece
            continue
        for letter in piece:
            ends_run = bool(word) and hanzi.has_hanzi(word[-1]) and letter.isalnum()
            if ends_run:
                yield word
                word = ""
            word += letter
            if letter == " ":
                yield word
                word = ""
    if word:
        yield word


def _breakable(word: str) -> Iterator[str]:
    """The pieces of a word that is wider than a line: hanzi by hanzi, with the marks that may not stand apart."""
    piece = ""
    for letter in word:
        if piece and letter not in NOT_FIRST and piece[-1] not in NOT_LAST:
            yield piece
            piece = ""
        piece += letter
    yield piece


def _cut(text: str, fits: Callable[[str], bool]) -> str:
    """The text, or as much of its beginning as fits before …"""
    if fits(text):
        return text
    while text and not fits(text + "…"):
        text = text[:-1]
    return text.rstrip(" ,.;:–—-") + "…"
