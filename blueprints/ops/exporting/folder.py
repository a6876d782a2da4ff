"""The folder of an export: filled beside its place, then moved there in one step, so that nobody finds half of one."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FORM = 1  # of what we write; a reader of another form refuses
INDEX = "magazine.yaml"
OURS = {"README.md", INDEX, "redirects.csv", "letters.yaml", "accounts.csv", "reading.csv"}
OURS |= {"articles", "pages", "comments", "media", "files", "money"}


class NotWritten(Exception):
    """Why the folder cannot be written: a sentence."""


def is_export(path: Path) -> bool:
    """Whether an export wrote the folder."""
    try:
        with (path / INDEX).open(encoding="utf-8") as file:
            return re.match(r"masthead: \d+\n", file.readline()) is not None
    except (OSError, UnicodeDecodeError):
        return False


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A new folder to fill; at the end it stands at `target`, in the place of an earlier export. Raises NotWritten.

    For its owner's eyes only: it holds people's addresses.
    """
    target = target.resolve()
    _check(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}-", suffix=".unfinished", dir=target.parent))
    except OSError as error:
        raise NotWritten(f"{target} cannot be written ({error.strerror}).") from None
    try:
        yield fresh
        _check(target)  # it took a while: nobody may have put anything there
        _put(fresh, target)
    except OSError as error:
        raise NotWritten(f"{error.filename or target} cannot be written ({error.strerror}).") from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _check(target: Path) -> None:
    if not target.exists():
        return
    if not target.is_dir():
        raise NotWritten(f"{target} is a file. Name a folder.")
    found = {each.name for each in target.iterdir()}
    if found and not is_export(target):
        raise NotWritten(f"{target} holds other things. Name a folder that is new, empty, or an earlier export.")
    if strange := sorted(found - OURS):
        raise NotWritten(f"{target} holds {', '.join(strange[:5])}, which no export wrote. Move it elsewhere first.")


def _put(fresh: Path, target: Path) -> None:
    if not target.exists():
        fresh.rename(target)
        return
    before = fresh.with_suffix(".before")
    target.rename(before)
    try:
        fresh.rename(target)
    except OSError:
        before.rename(target)
        raise
    shutil.rmtree(before)


def inside(root: Path, name: str) -> Path | None:
    """The file below `root` that `name` means; None when it leads elsewhere."""
    try:
        path = (root / name).resolve()
        return path if name and path.is_relative_to(root.resolve()) and path != root.resolve() else None
    except (OSError, ValueError):
        return None
