"""From the bytes of any file to a picture of ours: its files in DATA/media and the row that names them.

Nothing here asks the database, so that it can run outside every transaction: decoding is slow, and AVIF slower.
What comes in is not trusted: its type is told by its content, its size is known before its pixels are, and all but a
moving GIF is written anew, so that where a photograph was taken and by which camera stays with its maker.
"""

import hashlib
import io
import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import IO

from PIL import Image, ImageCms, ImageOps

from models import drawing
from models.drawing import Unsafe
from models.picture import ENDINGS, Picture

MOST_BYTES = 20 * 1024 * 1024
MOST_PIXELS = 60_000_000
MOST_MOVING_PIXELS = 240_000_000  # of all frames together
STEPS = (480, 960, 1440)  # widths of the copies, in pixels
TALLEST = 16_383  # pixels; WebP takes no more
KEY_LENGTH = 24  # hexadecimal digits of the content's hash: models.picture.BY_CONTENT
TYPES = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",  # what some cameras make: a JPEG with more behind it
    "PNG": "image/png",
    "WEBP": "image/webp",
    "AVIF": "image/avif",
    "GIF": "image/gif",
}
COPY_SETTINGS: dict[str, dict[str, int]] = {"webp": {"quality": 80, "method": 4}, "avif": {"quality": 60, "speed": 8}}
NO_PICTURE = "This is no picture that we can read. Use JPEG, PNG, WebP, AVIF, GIF or SVG."
Save = Callable[[IO[bytes]], object]


class NotAPicture(ValueError):
    """The file cannot become a picture; the text is a sentence for whoever sent it."""


class TooLarge(NotAPicture):
    """The file, or the picture in it, is larger than we take."""


def store(folder: Path, data: bytes | IO[bytes], name: str) -> Picture:
    """Write the files of a picture into `folder` (DATA/media) and return its row, which is in no session yet.

    The key comes from the content, so the same file twice has the same key, and the second time costs next to
    nothing: keep the row with `Picture.keep`, which returns the one that is there already. Call it outside write
    transactions. Raises NotAPicture.
    """
    if not isinstance(data, bytes):
        data = data.read(MOST_BYTES + 1)
    if not data:
        raise NotAPicture("This file is empty.")
    if len(data) > MOST_BYTES:
        raise TooLarge(f"This file is larger than {MOST_BYTES // 1024**2} MB. Make it smaller and send it again.")
    folder.mkdir(parents=True, exist_ok=True)
    key = hashlib.sha256(data).hexdigest()[:KEY_LENGTH]
    picture = _found(folder, key) or _made(folder, key, data)
    picture.name = Path(name.replace("\\", "/").replace("\0", "")).name[:200]
    return picture


def remove(folder: Path, picture: Picture) -> None:
    """Delete its files; call it once no row names them."""
    for name in (picture.file_name, *picture.copy_names()):
        (folder / name).unlink(missing_ok=True)


def _made(folder: Path, key: str, data: bytes) -> Picture:
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        try:
            text, width, height = drawing.cleaned(data)
        except Unsafe as unsafe:
            raise NotAPicture(str(unsafe)) from unsafe
        picture = _row(key, "image/svg+xml", width, height)
        _write(folder / picture.file_name, lambda file: file.write(text))
        return picture
    image = _opened(data)
    content_type = TYPES[image.format or ""]
    if getattr(image, "is_animated", False) and image.format != "MPO":
        return _keep_moving(folder, key, content_type, image, data)
    lossless = b"VP8L" in data[:64]
    still = _decoded(image)
    image.close()
    if content_type == "image/gif":
        content_type = "image/png"  # one frame: nothing is lost, and its copies are of the same make
    picture = _row(key, content_type, still.width, still.height, _widths(still.width, still.height))
    smaller = still
    for width in reversed([int(each) for each in picture.widths.split()]):
        smaller = smaller.resize((width, max(1, round(still.height * width / still.width))), reducing_gap=3.0)
        for ending, settings in COPY_SETTINGS.items():
            _write(folder / picture.copy_name(width, ending), _saver(smaller, ending, settings))
    _write(folder / picture.file_name, _saver(still, *_settings(content_type, lossless=lossless)))
    return picture  # the original was written last: where it is, the copies are


def _row(key: str, content_type: str, width: int, height: int, widths: str = "") -> Picture:
    return Picture(
        key=key, content_type=content_type, width=width, height=height, widths=widths, name="", alt="", caption=""
    )


def _found(folder: Path, key: str) -> Picture | None:
    """The picture of files that are there already: somebody sent them before, or an import was broken off."""
    for content_type, ending in ENDINGS.items():
        path = folder / f"{key}{ending}"
        if not path.is_file():
            continue
        if content_type == "image/svg+xml":
            return _row(key, content_type, *drawing.size_of(path.read_bytes()))
        with Image.open(path) as image:
            width, height = image.size
        copies = (re.fullmatch(rf"{key}-(\d+)\.avif", copy.name) for copy in folder.glob(f"{key}-*.avif"))
        widths = sorted(int(found[1]) for found in copies if found)
        return _row(key, content_type, width, height, " ".join(map(str, widths)))
    return None


def _opened(data: bytes) -> Image.Image:
    """The picture with its header read and not one pixel decoded; its size is within bounds."""
    try:
        image = Image.open(io.BytesIO(data), formats=[name for name in TYPES if name != "MPO"])
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as bomb:
        raise TooLarge(_too_many()) from bomb
    except Exception as broken:  # Pillow's readers raise whatever a broken file makes them stumble over
        raise NotAPicture(NO_PICTURE) from broken
    if image.width * image.height > MOST_PIXELS:
        raise TooLarge(_too_many())
    return image


def _too_many() -> str:
    return f"This picture has more than {MOST_PIXELS // 1_000_000} million pixels. Make it smaller and send it again."


def _decoded(image: Image.Image) -> Image.Image:
    """Its pixels, upright, as RGB or RGBA in sRGB, with nothing else: no camera, no place, no profile."""
    try:
        image.load()
        upright = ImageOps.exif_transpose(image)
        mode = "RGBA" if upright.has_transparency_data else "RGB"
        profile = image.info.get("icc_profile")
        still = _in_srgb(upright, profile, mode) if profile else upright.convert(mode)
    except Exception as broken:  # as above: the file is cut off or broken inside
        raise NotAPicture("This picture is damaged: it could not be read to its end.") from broken
    still.info.clear()
    return still


def _in_srgb(image: Image.Image, profile: bytes, mode: str) -> Image.Image:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if image.mode in {"RGB", "RGBA"} and "srgb" in ImageCms.getProfileDescription(source).lower():
            return image.convert(mode)
        plain = image if image.mode in {"RGB", "L", "CMYK"} else image.convert("RGB")
        turned = ImageCms.profileToProfile(plain, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (
        ImageCms.PyCMSError,
        OSError,
    ):  # a profile that no one can read: the picture without it is the best there is
        return image.convert(mode)
    if turned is None:
        return image.convert(mode)
    if mode == "RGBA":
        turned.putalpha(image.convert("RGBA").getchannel("A"))
    return turned


def _widths(width: int, height: int) -> str:
    """The copies of a picture of this size: the steps below its width, and its own width where that adds something."""
    below = [step for step in STEPS if step < width]
    if width <= STEPS[-1] and (not below or width > 1.1 * below[-1]):
        below.append(width)
    return " ".join(str(each) for each in below if each * height / width <= TALLEST)


def _settings(content_type: str, *, lossless: bool) -> tuple[str, dict[str, int | bool]]:
    """How an original is written: near to what came, for nobody has it but us."""
    return {
        "image/jpeg": ("jpeg", {"quality": 90, "optimize": True, "progressive": True}),
        "image/png": ("png", {"compress_level": 7}),
        "image/webp": ("webp", {"quality": 90, "method": 4, "lossless": lossless}),
        "image/avif": ("avif", {"quality": 80, "speed": 8}),
    }[content_type]


def _saver(image: Image.Image, kind: str, settings: dict) -> Save:
    return lambda file: image.save(file, kind, **settings)


def _keep_moving(folder: Path, key: str, content_type: str, image: Image.Image, data: bytes) -> Picture:
    """A picture that moves has no copies. A GIF stays byte for byte, others are written anew without metadata."""
    try:
        frames = getattr(image, "n_frames", 1)
        if frames * image.width * image.height > MOST_MOVING_PIXELS:
            raise TooLarge("This picture moves through too many frames. Make it smaller or shorter.")
        out = io.BytesIO(data)
        if content_type == "image/gif":
            image.load()
        else:
            kind, settings = _settings(content_type, lossless=b"VP8L" in data[:4096])
            out = io.BytesIO()
            image.save(out, kind, save_all=True, exif=b"", **settings)
    except NotAPicture:
        raise
    except Exception as broken:
        raise NotAPicture("This picture is damaged: it could not be read to its end.") from broken
    picture = _row(key, content_type, image.width, image.height)
    _write(folder / picture.file_name, lambda file: file.write(out.getbuffer()))
    return picture


def _write(path: Path, save: Save) -> None:
    """Write under another name and move, so that nobody is ever served half a file."""
    unfinished = path.with_name(f".{secrets.token_hex(8)}{path.suffix}")
    try:
        with unfinished.open("wb") as file:
            save(file)
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
