"""Media beside the export: an uploads folder, or a zip of one. Nothing is unpacked to disk, so no name in a zip
can lead outside; no more is read of a file than it may be large, so no zip can swell.
"""

import lzma
import re
import zipfile
import zlib
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

MOST_FILES = 500_000  # names in a zip
DATED = re.compile(r"(?:.*/)?((?:sites/\d+/)?\d{4}/\d{2}/[^/]+)")
UPLOADS = re.compile(r"(?:^|.*/)(?:wp-content/uploads|uploads|content/images|content/media|content/files)/(.+)")
DAMAGED = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, RuntimeError, NotImplementedError, OSError, EOFError, ValueError
)  # fmt: skip


class NotRead(Exception):
    """Why the uploads cannot be used, or a file among them cannot be read."""


class Uploads(Protocol):
    def find(self, address: str) -> str:
        """The name of the file that stood at this address; "" when there is none."""

    def read(self, name: str, largest: int) -> bytes:
        """Its bytes, at most `largest`. Raises NotRead."""


def open_uploads(path: Path) -> Uploads:
    """A folder or a zip. Raises NotRead."""
    if path.is_dir():
        return Folder(path)
    try:
        return Zip(path)
    except FileNotFoundError:
        raise NotRead(f"There is no folder or zip {path}.") from None
    except (zipfile.BadZipFile, OSError, ValueError):
        raise NotRead(f"{path} is neither a folder nor a sound zip.") from None


def names_within(path: str) -> list[str]:
    """The names a file may have under an uploads folder, the surest first: "2024/05/boat.jpg"."""
    path = path.lstrip("/")
    found = [match[1] for rule in (UPLOADS, DATED) if (match := rule.fullmatch(path))]
    return list(dict.fromkeys([*found, path]))


class Folder:
    """An uploads folder, or one that holds it."""

    def __init__(self, path: Path) -> None:
        self.root = path.resolve()
        inside = ("wp-content/uploads", "uploads", "content/images", "content/media", "content/files", "images")
        self.roots = [self.root, *(self.root / name for name in inside if (self.root / name).is_dir())]

    def find(self, address: str) -> str:
        path = unquote(urlsplit(address).path)
        if "\0" in path:
            return ""
        for name in names_within(path):
            for root in self.roots:
                try:
                    file = (root / name).resolve()
                    if file.is_relative_to(self.root) and file.is_file():
                        return str(file)
                except OSError:  # a name longer than any file's
                    continue
        return ""

    def read(self, name: str, largest: int) -> bytes:
        try:
            with Path(name).open("rb") as file:
                return _limited(file.read(largest + 1), largest)
        except OSError as error:
            raise NotRead(f"it cannot be read ({error.strerror})") from None


class Zip:
    """A zip that holds an uploads folder somewhere."""

    def __init__(self, path: Path) -> None:
        self.file = zipfile.ZipFile(path)
        self.names: dict[str, str] = {}
        entries = [entry for entry in self.file.infolist() if not entry.is_dir()]
        if len(entries) > MOST_FILES:
            raise NotRead(f"{path} holds more than {MOST_FILES:,} files.")
        for entry in entries:
            for name in names_within(entry.filename.replace("\\", "/")):
                self.names.setdefault(name, entry.filename)

    def find(self, address: str) -> str:
        names = names_within(unquote(urlsplit(address).path))
        return next((self.names[name] for name in names if name in self.names), "")

    def read(self, name: str, largest: int) -> bytes:
        try:
            with self.file.open(name) as file:
                return _limited(file.read(largest + 1), largest)
        except DAMAGED:
            raise NotRead("it cannot be read from the zip (damaged, or behind a password)") from None


def _limited(data: bytes, largest: int) -> bytes:
    if len(data) > largest:
        raise NotRead(f"it is larger than {largest // 1_000_000} MB")
    return data
