"""Reads Ghost's JSON export a row at a time: the file is never in memory as a whole, nor is any table of it.

Both shapes are known: {"db": [{"meta": …, "data": …}]} and the bare {"meta": …, "data": …}.
"""

import codecs
import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, cast

CHUNK = 64 * 1024  # bytes
LARGEST = 64_000_000  # characters of one row
GZIP = b"\x1f\x8b"
Row = dict[str, Any]
SPACE = " \t\n\r"
NUMBER_GOES_ON = {"", ".", "e", "E", "+", "-"}  # after what was read of one


class NotTaken(Exception):
    """Why the file cannot be taken: a sentence."""


def rows(path: Path, tell: Callable[[int], object] = lambda _: None) -> Iterator[tuple[str, Row]]:
    """Every row with the name of its table, in the order of the file. `tell` hears of each few bytes read.

    Raises NotTaken, maybe late: a broken file is known to be one when its break is reached.
    """
    if path.is_dir():
        raise NotTaken(f"{path} is a folder. Give the JSON file of Ghost's export.")
    try:
        with path.open("rb") as file:
            yield from _tables(_Scan(file, tell))
    except FileNotFoundError:
        raise NotTaken(f"There is no file {path}.") from None
    except UnicodeDecodeError:
        raise NotTaken(f"{path} is not text in UTF-8.") from None
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise NotTaken(f"{path} is damaged: it cannot be unpacked to its end.") from None
    except OSError as error:
        raise NotTaken(f"{path} cannot be read ({error.strerror}).") from None


class _Scan:
    """The text of a file, seen through a window that moves on."""

    def __init__(self, file: IO[bytes], tell: Callable[[int], object]) -> None:
        self.raw, self.tell, self.told = file, tell, 0
        is_packed = file.read(2) == GZIP
        file.seek(0)
        self.file = cast(IO[bytes], gzip.GzipFile(fileobj=file)) if is_packed else file
        self.decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self.json = json.JSONDecoder()
        self.text, self.at, self.before, self.is_over = "", 0, 0, False

    def more(self) -> bool:
        """Read on; at least as much again as waits already, so that a large row is tried few times."""
        if self.is_over:
            return False
        data = self.file.read(max(CHUNK, len(self.text) - self.at))
        self.is_over = not data
        self.before += self.at
        self.text, self.at = self.text[self.at :] + self.decoder.decode(data, final=self.is_over), 0
        self.tell(self.raw.tell() - self.told)
        self.told = self.raw.tell()
        return not self.is_over

    def peek(self) -> str:
        """The next sign that is no space; "" at the end."""
        while True:
            while self.at < len(self.text):
                if self.text[self.at] not in SPACE:
                    return self.text[self.at]
                self.at += 1
            if not self.more():
                return ""

    def take(self, sign: str) -> None:
        if self.peek() != sign:
            raise self.broken()
        self.at += 1

    def value(self) -> Any:
        """The next value, whole."""
        self.peek()
        while True:
            try:
                value, end = self.json.raw_decode(self.text, self.at)
                may_go_on = isinstance(value, int | float) and self.text[end : end + 1] in NUMBER_GOES_ON
                if self.is_over or (end < len(self.text) and not may_go_on):
                    self.at = end
                    return value
            except RecursionError:
                raise NotTaken("The file is nested too deeply to be an export of Ghost's.") from None
            except json.JSONDecodeError as error:
                if self.is_over:
                    is_cut = "Unterminated" in error.msg or not self.text[error.pos :].strip()
                    self.at = len(self.text) if is_cut else error.pos
                    raise self.broken() from None
            if len(self.text) - self.at > LARGEST:
                raise NotTaken(f"A row of the file is longer than {LARGEST // 1_000_000} MB, or it is broken there.")
            self.more()

    def broken(self) -> NotTaken:
        is_cut, place = not self.peek(), self.before + self.at + 1
        if is_cut:
            return NotTaken(f"The file breaks off after {place:,} characters: it was not copied to its end.")
        return NotTaken(f"The file is not sound JSON: it breaks at character {place:,}.")

    def fields(self) -> Iterator[str]:
        """Each key of the object that comes now; whoever asks takes its value before the next."""
        self.take("{")
        if self.peek() == "}":
            self.at += 1
            return
        while True:
            key = self.value()
            if not isinstance(key, str):
                raise self.broken()
            self.take(":")
            yield key
            if self.peek() != ",":
                break
            self.at += 1
        self.take("}")

    def items(self) -> Iterator[None]:
        """Once for each item of the array that comes now; whoever asks takes it."""
        self.take("[")
        if self.peek() == "]":
            self.at += 1
            return
        while True:
            yield
            if self.peek() != ",":
                break
            self.at += 1
        self.take("]")


def _tables(scan: _Scan) -> Iterator[tuple[str, Row]]:
    if scan.peek() != "{":
        kind = "It is empty." if not scan.peek() else "It does not begin as JSON does."
        raise NotTaken(f"This is no export of Ghost's. {kind}")
    has_data = False
    for key in scan.fields():
        if key == "db" and scan.peek() == "[":
            for place, _ in enumerate(scan.items()):
                if place or scan.peek() != "{":
                    scan.value()
                    continue
                for inner in scan.fields():
                    has_data |= inner == "data"
                    yield from _data(scan, inner)
        else:
            has_data |= key == "data"
            yield from _data(scan, key)
    if scan.peek():
        raise scan.broken()
    if not has_data:
        raise NotTaken("This is JSON, but no export of Ghost's: it has no “data”.")


def _data(scan: _Scan, key: str) -> Iterator[tuple[str, Row]]:
    if key == "meta" and scan.peek() == "{":
        yield "meta", _sound(scan.value())
    elif key != "data" or scan.peek() != "{":
        scan.value()
    else:
        for table in scan.fields():
            if scan.peek() != "[":
                scan.value()
                continue
            for _ in scan.items():
                row = scan.value()
                if isinstance(row, dict):
                    yield table, _sound(row)


def _sound(row: Row) -> Row:
    """Without the signs that no database keeps: halves of signs, and zeros."""
    return {
        key: value.replace("\0", "").encode("utf-8", "replace").decode() if isinstance(value, str) else value
        for key, value in row.items()
    }
