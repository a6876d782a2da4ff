"""Typefaces for pictures that we draw: those of this machine, else the plain one that Pillow brings."""

import os
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PIL import ImageDraw, ImageFont

from models import hanzi

PLACES = {
    "linux": ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts"),
    "darwin": ("/System/Library/Fonts", "/Library/Fonts", "~/Library/Fonts"),
    "win32": (r"C:\Windows\Fonts",),
}
WHEELS = ("pylopdf_fonts_zh_cn",)  # packages that bring typefaces with hanzi, where one is installed
# Names of files without their endings, the best first. Each letter is drawn by the first face that has it, so one
# without hanzi may stand before one with them, and the plain faces come last.
SERIF = (
    "NotoSerifDisplay-Regular SourceSerif4Display-Regular SourceSerif4-Regular NotoSerif-Regular|"
    "NotoSerifCJK-Regular NotoSerifSC-Regular NotoSerifCJKsc-Regular SourceHanSerifSC-Regular SourceHanSerif-Regular "
    "Songti uming simsun NotoSansCJK-Regular NotoSansSC-Regular wqy-zenhei wqy-microhei DroidSansFallbackFull PingFang "
    "msyh|"
    "Palatino Georgia georgia LiberationSerif-Regular DejaVuSerif FreeSerif times"
)
SANS = (
    "NotoSans-SemiBold SourceSans3-Semibold NotoSans-Regular|"
    "NotoSansCJK-Regular NotoSansSC-Regular NotoSansCJKsc-Regular SourceHanSansSC-Regular SourceHanSans-Regular "
    "PingFang msyh wqy-zenhei wqy-microhei DroidSansFallbackFull NotoSerifCJK-Regular NotoSerifSC-Regular simsun|"
    "Helvetica segoeui arial LiberationSans-Regular DejaVuSans FreeSans"
)
HANZI = "中国的龍"  # a face that has these has hanzi, simplified and traditional
SIMPLIFIED = ("SC", "CN", "Hans")  # of a collection, the face whose name says so
WIDE_IN_CHINESE = "‘’“”…—–·"
MOST_FACES = 40  # in one collection
Face = ImageFont.FreeTypeFont


class Stack:
    """Typefaces of one size; every letter is drawn by the first of them that has it."""

    def __init__(self, faces: tuple[Face, ...]) -> None:
        self.faces = faces
        self._face_of: dict[str, Face | None] = {}

    def draws(self, letter: str) -> bool:
        return self._face(letter) is not None

    def width(self, text: str) -> float:
        return sum(face.getlength(run) for face, run in self._runs(text))

    def draw(self, onto: ImageDraw.ImageDraw, at: tuple[float, float], text: str, colour: str) -> None:
        """Draw one line; `at` is where its baseline begins."""
        across, down = at
        for face, run in self._runs(text):
            onto.text((across, down), run, fill=colour, font=face, anchor="ls")
            across += face.getlength(run)

    def _face(self, letter: str) -> Face | None:
        if letter not in self._face_of:
            self._face_of[letter] = next((face for face in self.faces if _has(face, letter)), None)
        return self._face_of[letter]

    def _runs(self, text: str) -> list[tuple[Face, str]]:
        """Letters that follow one another in one face; what no face has is left out."""
        runs: list[tuple[Face, str]] = []
        for place, letter in enumerate(text):
            follows = runs and (letter == " " or (letter == "#" and hanzi.has_hanzi(text[place - 1])))
            like = text[place + 1] if letter == "#" and hanzi.has_hanzi(text[place + 1 : place + 2]) else letter
            face = runs[-1][0] if follows else self._face(like)  # the marks of a hashtag are of its hanzi's face
            if face is None:
                continue
            if runs and runs[-1][0] is face:
                runs[-1] = (face, runs[-1][1] + letter)
            else:
                runs.append((face, letter))
        return runs


@cache
def serif(size: int) -> Stack:
    """For titles and the wordmark; `size` in pixels."""
    return _stack(SERIF, size)


@cache
def sans(size: int) -> Stack:
    """For labels."""
    return _stack(SANS, size)


@cache
def has_hanzi_face() -> bool:
    return all(serif(24).draws(letter) for letter in HANZI)


@cache
def names() -> tuple[str, ...]:
    """The faces in use, so that a picture drawn with others is drawn anew."""
    return tuple(str(face.getname()) for stack in (serif(24), sans(24)) for face in stack.faces)


def _stack(wanted: str, size: int) -> Stack:
    """Of each group of names the first face that is there, and last the one that Pillow brings, which has no hanzi."""
    files = _files()
    found = (next((files[name] for name in group.split() if name in files), None) for group in wanted.split("|"))
    faces = [_face(path, size) for path in found if path]
    plain = ImageFont.load_default(size)
    return Stack(tuple(face for face in (*faces, plain) if isinstance(face, Face)))


@cache
def _files() -> dict[str, Path]:
    """Typeface files of this machine by name."""
    roots = [Path(place).expanduser() for place in PLACES.get(sys.platform, PLACES["linux"])]
    for wheel in WHEELS:
        spec = find_spec(wheel)
        roots += [Path(place) for place in (spec.submodule_search_locations or [])] if spec else []
    found: dict[str, Path] = {}
    for root in roots:
        for folder, _, names_there in os.walk(root):
            for name in names_there:
                path = Path(folder, name)
                if path.suffix.lower() in {".ttf", ".otf", ".ttc"}:
                    found.setdefault(path.stem, path)
    return found


def _face(path: Path, size: int) -> Face | None:
    """The face in a file; of a collection the one for simplified Chinese."""
    first = None
    try:
        for index in range(MOST_FACES if path.suffix.lower() == ".ttc" else 1):
            face = ImageFont.truetype(path, size, index=index)
            first = first or face
            if any(word in (face.getname()[0] or "") for word in SIMPLIFIED):
                return face
    except OSError:  # the end of the collection, or a broken file
        return first
    return first


def _has(face: Face, letter: str) -> bool:
    """Whether the face has this letter: what it lacks it draws as it draws a noncharacter.

    A Chinese face has quotation marks and dashes as wide as a hanzi, which tear a Latin word apart: left to others.
    """
    if letter in WIDE_IN_CHINESE and face.getlength(letter) > 0.9 * face.size:
        return False
    drawn, lacking = face.getmask(letter), _lacking(face)
    return (drawn.size, bytes(drawn)) != lacking


@cache
def _lacking(face: Face) -> tuple[tuple[int, int], bytes]:
    drawn = face.getmask("\U0010ffff")
    return drawn.size, bytes(drawn)
