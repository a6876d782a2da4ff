"""YAML as people like to read it, texts with front matter, and names of files that every disk takes."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import IO, Any

import yaml

from models.csv_cells import iso

MARK = "---\n"
SAFE_NAME = re.compile(r"[^\W_][\w-]*")
LONGEST_NAME = 120  # bytes; with its ending it stays below what any disk allows
RESERVED = {"con", "prn", "aux", "nul", *(f"{name}{n}" for name in ("com", "lpt") for n in range(1, 10))}
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class NotTaken(Exception):
    """Why a folder cannot be taken: a sentence."""


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        return super().increase_indent(flow, False)  # the items of a list stand in from its name


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    """Several lines stand as they are, where YAML allows it."""
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


def _moment(dumper: yaml.SafeDumper, at: datetime) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:timestamp", iso(at))


_Dumper.add_representer(str, _text)
_Dumper.add_representer(datetime, _moment)


def dumped(value: Any) -> str:
    return yaml.dump(value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=110)


def loaded(text: str, where: str) -> Any:
    """Raises NotTaken, with the place of the mistake."""
    try:
        return yaml.load(text, Loader=LOADER)  # noqa: S506  (the loader is a safe one)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise NotTaken(f"{where} is not sound YAML{_place(error)}.") from None


def documents(path: Path) -> Iterator[dict[str, Any]]:
    """The documents of a YAML file, one after another. Raises NotTaken."""
    try:
        with path.open(encoding="utf-8") as file:
            for found in yaml.load_all(file, Loader=LOADER):
                if not isinstance(found, dict):
                    raise NotTaken(f"{path.name} holds something that is no list of names and values.")
                yield found
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise NotTaken(f"{path.name} is not sound YAML{_place(error)}.") from None


def write_documents(file: IO[str], rows: Iterable[dict[str, Any]]) -> None:
    for row in rows:
        file.write(MARK + dumped(row))


def _place(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return f" (line {mark.line + 1}: {getattr(error, 'problem', '')})" if mark else ""


def joined(front: dict[str, Any], text: str) -> str:
    """A file: front matter, a blank line, the text exactly as it is."""
    return f"{MARK}{dumped(front)}{MARK}\n{text}"


def parted(file: str, where: str) -> tuple[dict[str, Any], str]:
    """Front matter and text. Raises NotTaken."""
    file = file.removeprefix("\ufeff")
    head = re.match(r"---[ \t]*\r?\n(.*?)^---[ \t]*(?:\r?\n|\Z)", file, re.DOTALL | re.MULTILINE)
    if not head:
        raise NotTaken(f"{where} does not begin with front matter between two lines of ---.")
    front = loaded(head[1], where)
    if not isinstance(front, dict):
        raise NotTaken(f"The front matter of {where} is no list of names and values.")
    return front, re.sub(r"\A\r?\n", "", file[head.end() :], count=1)


def read_text(path: Path, where: str) -> str:
    """With the ends of its lines as they are. Raises NotTaken."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except UnicodeDecodeError:
        raise NotTaken(f"{where} is not text in UTF-8.") from None
    except OSError as error:
        raise NotTaken(f"{where} cannot be read ({error.strerror}).") from None


def safe_name(slug: str) -> str:
    """A file's name for a slug: itself, if every disk takes it and no other slug could have the same."""
    plain = SAFE_NAME.fullmatch(slug) and slug == slug.lower() and slug not in RESERVED
    if plain and len(slug.encode()) <= LONGEST_NAME:
        return slug
    kept = re.sub(r"[^\w-]+", "-", slug.lower()).strip("-_").encode()[:80].decode("utf-8", "ignore")
    return f"{kept or 'story'}_{hashlib.sha256(slug.encode('utf-8', 'replace')).hexdigest()[:10]}"


def moment(value: Any) -> datetime | None:
    """What YAML made of a date or a time; without a zone it is UTC. None when it is neither."""
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    return datetime.combine(value, time(), UTC) if isinstance(value, date) else None
