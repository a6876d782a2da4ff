"""SVG drawings that cannot do anything: what they may hold, and how large they are."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator

from defusedxml import ElementTree as Safe
from defusedxml.common import DefusedXmlException

SVG, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
MOST_BYTES = 2 * 1024 * 1024
LARGEST = 20_000  # CSS pixels, either way
NO_DRAWING = "This is no SVG drawing that we can read."
REFUSED = {
    "script", "foreignobject", "handler", "listener", "iframe", "object", "embed", "audio", "video", "canvas", "a",
}  # fmt: skip
REFERENCES = {"href", "src", "base", "to", "from", "values", "by"}  # the last four move an href, where they do
INSIDE = re.compile(r"#\S*|data:image/(png|jpeg|gif|webp|avif);base64,[A-Za-z0-9+/=\s]*")
URL = re.compile(r"url\(\s*([\"']?)(.*?)\1\s*\)", re.IGNORECASE | re.DOTALL)
FETCHING = re.compile(r"@import|@font-face|\\|image-set|src\(|expression\(|javascript:|-moz-binding", re.IGNORECASE)
LENGTH = re.compile(r"\s*(\d+(?:\.\d+)?(?:e\d)?)\s*(px|pt|pc|mm|cm|in)?\s*")
PIXELS = {None: 1.0, "px": 1.0, "pt": 4 / 3, "pc": 16.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0}

ET.register_namespace("", SVG)
ET.register_namespace("xlink", XLINK)


class Unsafe(ValueError):
    """The drawing is none, or could do more than be looked at; the text is a sentence for whoever sent it."""


def cleaned(data: bytes) -> tuple[bytes, int, int]:
    """The drawing without what only its editor's program reads, its width and its height. Raises Unsafe.

    What could act (script, events, other pages) or be fetched from elsewhere is refused and not repaired: whoever
    sent it should know.
    """
    if len(data) > MOST_BYTES:
        raise Unsafe(f"This drawing is larger than {MOST_BYTES // 1024**2} MB. Simplify it, or send it as PNG.")
    try:
        root = Safe.fromstring(data)
    except DefusedXmlException as bomb:
        raise Unsafe("This drawing defines entities of its own, which we do not read.") from bomb
    except (ET.ParseError, ValueError, LookupError) as broken:
        raise Unsafe(NO_DRAWING) from broken
    if root.tag != f"{{{SVG}}}svg":
        raise Unsafe(NO_DRAWING)
    for element in root.iter():
        _refuse_acts(element)
    _drop_foreign(root)
    width, height = _size(root)
    try:
        return ET.tostring(root, encoding="utf-8", xml_declaration=True), width, height
    except RecursionError as deep:
        raise Unsafe("This drawing is nested too deeply.") from deep


def size_of(data: bytes) -> tuple[int, int]:
    """Width and height of a drawing that was cleaned once."""
    return _size(Safe.fromstring(data))


def _parts(name: str) -> tuple[str, str]:
    """Namespace and local name, in small letters."""
    namespace, _, local = name.rpartition("}")
    return namespace.lstrip("{"), local.lower()


def _refuse_acts(element: ET.Element) -> None:
    if _parts(element.tag)[1] in REFUSED:
        raise Unsafe(f"This drawing holds <{_parts(element.tag)[1]}>, which could act on readers. Take it out.")
    for name, value in _values(element):
        if name.startswith("on"):
            raise Unsafe(f"This drawing reacts to events ({name}), which could act on readers. Take that out.")
        if name in {"href", "src", "base"} and not INSIDE.fullmatch(value.strip()):
            raise Unsafe("This drawing fetches something from elsewhere. Put it into the drawing itself.")
        if name == "attributename" and (_parts(value.replace(":", "}"))[1] == "href" or value.lower().startswith("on")):
            raise Unsafe("This drawing changes its own links, which could act on readers. Take that out.")
        outside = any(not INSIDE.fullmatch(address.strip()) for _, address in URL.findall(value))
        if outside or FETCHING.search(value) or value.lower().count("url(") != len(URL.findall(value)):
            raise Unsafe("This drawing fetches something from elsewhere. Put it into the drawing itself.")


def _values(element: ET.Element) -> Iterator[tuple[str, str]]:
    """Every attribute, and the text of a style sheet."""
    yield from ((_parts(name)[1], value) for name, value in element.items())
    if _parts(element.tag)[1] == "style":
        yield "style", "".join(element.itertext())


def _drop_foreign(root: ET.Element) -> None:
    """Take out what is not SVG: notes that drawing programs leave for themselves, and who drew it where."""
    for element in list(root.iter()):
        for name in list(element.keys()):
            if _parts(name)[0] not in {"", XLINK, "http://www.w3.org/XML/1998/namespace"}:
                del element.attrib[name]
        for child in list(element):
            if _parts(child.tag)[0] != SVG or _parts(child.tag)[1] == "metadata":
                element.remove(child)


def _size(root: ET.Element) -> tuple[int, int]:
    box = re.findall(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", root.get("viewBox", ""))
    across, down = (float(box[2]), float(box[3])) if len(box) == 4 else (0.0, 0.0)
    width, height = _length(root.get("width", "")), _length(root.get("height", ""))
    if not width and not height:
        width, height = across, down
    elif across > 0 and down > 0:
        width, height = width or height * across / down, height or width * down / across
    if not (0.5 <= width <= LARGEST and 0.5 <= height <= LARGEST):
        raise Unsafe("This drawing does not say how large it is. Give it a width and a height, or a viewBox.")
    return max(1, round(width)), max(1, round(height))


def _length(text: str) -> float:
    """CSS pixels; 0 when nothing is said, or only a share of something."""
    found = LENGTH.fullmatch(text)
    return float(found[1]) * PIXELS[found[2]] if found else 0.0
