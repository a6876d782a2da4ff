"""Reads a folder that `flask export` wrote, file by file, and says what is wrong with it. Asks no database."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from blueprints.ops.exporting import shapes
from blueprints.ops.exporting.folder import FORM, INDEX
from blueprints.ops.exporting.yaml_files import NotTaken, documents, loaded, moment, parted, read_text

MOST_MISTAKES = 20  # told at once
Told = dict[str, Any]


@dataclass(slots=True)
class Story:
    """One file of articles/, and the threads of its comments."""

    where: str
    front: Told
    text: str
    comments: list[Told]

    @property
    def slug(self) -> str:
        return str(self.front["slug"])

    def listed(self, word: str) -> list[Any]:
        return listed(self.front, word, self.where)

    def named(self, word: str) -> str | None:
        """The slug or key of something else."""
        value = self.front.get(word)
        return None if value is None else str(value)

    def authors(self) -> list[str]:
        return [str(each) for each in self.listed("authors")]

    def tags(self) -> list[tuple[str, str]]:
        """Name and meaning of each."""
        found = [each if isinstance(each, dict) else {each: ""} for each in self.listed("tags")]
        return [(str(name), str(meaning or "")) for each in found for name, meaning in each.items()]

    def corrections(self) -> list[tuple[str, datetime]]:
        rows = [mapping(each, f"A correction in {self.where}") for each in self.listed("corrections")]
        found = [(str(each.get("note") or ""), moment(each.get("date"))) for each in rows]
        if any(at is None for _, at in found):
            raise NotTaken(f"{self.where} has a correction without its date.")
        return [(note, at) for note, at in found if at]


@dataclass(slots=True)
class Folder:
    """The folder, looked through once: all of it is sound."""

    path: Path
    magazine: Told = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    highest: Counter[str] = field(default_factory=Counter)  # the highest number of a row, by kind
    noted: set[tuple[str, str, datetime]] = field(default_factory=set)  # corrections that letters.yaml tells in full

    def stories(self) -> Iterator[Story]:
        """All of them. Raises NotTaken at the first that is unsound."""
        for path in sorted((self.path / "articles").glob("*.md")):
            yield self.story(path)

    def pages(self) -> Iterator[tuple[str, Told, str]]:
        """Name of the file, front matter, text."""
        for path in sorted((self.path / "pages").glob("*.md")):
            where = f"pages/{path.name}"
            yield where, *parted(read_text(path, where), where)

    def pictures(self) -> Iterator[tuple[str, Told]]:
        for path in sorted((self.path / "media").glob("*.yaml")):
            where = f"media/{path.name}"
            yield where, mapping(loaded(read_text(path, where), where), where)

    def letters(self) -> Iterator[Told]:
        path = self.path / "letters.yaml"
        return documents(path) if path.exists() else iter(())

    def story(self, path: Path) -> Story:
        where, replies = f"articles/{path.name}", self.path / "comments" / f"{path.stem}.yaml"
        front, text = parted(read_text(path, where), where)
        front.setdefault("slug", path.stem)
        threads: Told = {}
        if replies.exists():
            told = f"comments/{replies.name}"
            threads = mapping(loaded(read_text(replies, told), told), told)
        return Story(where, front, text, listed(threads, "comments", f"comments/{replies.name}"))


def look(path: Path) -> Folder:
    """Read all of it once. Raises NotTaken with all that is wrong, as far as it fits on a screen."""
    if not path.is_dir():
        raise NotTaken(f"There is no folder {path}.")
    if not (path / INDEX).exists():
        raise NotTaken(f"{path} is no export of ours: it has no {INDEX}.")
    folder = Folder(path, mapping(loaded(read_text(path / INDEX, INDEX), INDEX), INDEX))
    if folder.magazine.get("masthead") != FORM:
        raise NotTaken(f"{path} was written in a form that this version does not read (masthead: {FORM}).")
    mistakes: list[str] = []
    _check_magazine(folder, mistakes)
    _check_letters(folder, mistakes)
    _check_stories(folder, mistakes)
    _check_rest(folder, mistakes)
    if mistakes:
        more = len(mistakes) - MOST_MISTAKES
        shown = [*mistakes[:MOST_MISTAKES], *([f"And {more} more."] if more > 0 else [])]
        raise NotTaken("\n".join(shown))
    return folder


def mapping(value: Any, where: str) -> Told:
    if not isinstance(value, dict):
        raise NotTaken(f"{where} is no list of names and values.")
    return value


def listed(given: Told, word: str, where: str) -> list[Any]:
    value = given.get(word)
    if value is None:
        return []
    if not isinstance(value, list):
        raise NotTaken(f"{where} has “{word}”, which is no list.")
    return value


def threaded(comments: list[Any], where: str) -> Iterator[tuple[Told, Told | None]]:
    """Every comment with the one it answers, those answered first."""
    waiting: list[tuple[Any, Told | None]] = [(each, None) for each in comments]
    while waiting:
        given, parent = waiting.pop(0)
        told = mapping(given, where)
        yield told, parent
        waiting += [(each, told) for each in listed(told, "replies", where)]


def _check_magazine(folder: Folder, mistakes: list[str]) -> None:
    for name, shape in shapes.IN_MAGAZINE.items():
        try:
            for given in listed(folder.magazine, name, INDEX):
                shape.read(mapping(given, f"A row of {name} in {INDEX}"), f"{INDEX} ({name})")
        except NotTaken as why:
            mistakes.append(str(why))


def _check_letters(folder: Folder, mistakes: list[str]) -> None:
    try:
        for given in folder.letters():
            folder.counts["letters"] += 1
            if given.get("letter") == "correction":
                values = shapes.CORRECTION.read(given, "letters.yaml")
                if values.get("noted_at"):
                    folder.noted.add((str(given.get("story")), values["note"], values["noted_at"]))
            else:
                shapes.CONTRIBUTION.read(given, "letters.yaml")
    except NotTaken as why:
        mistakes.append(str(why))


def _check_stories(folder: Folder, mistakes: list[str]) -> None:
    known = {
        name: {str(row.get("slug")) for row in folder.magazine.get(name) or [] if isinstance(row, dict)}
        for name in ("categories", "authors", "series")
    }
    seen: dict[str, str] = {}
    for path in sorted((folder.path / "articles").glob("*.md")):
        try:
            story = folder.story(path)
            shapes.ARTICLE.read(story.front, story.where)
            for name, words in (
                ("categories", [story.named("category")]),
                ("authors", story.authors()),
                ("series", [story.named("series")]),
            ):
                if strange := [word for word in words if word is not None and word not in known[name]]:
                    raise NotTaken(f"{story.where} names “{strange[0]}”, which {INDEX} does not have in its {name}.")
            if story.slug in seen:
                raise NotTaken(f"{story.where} has the slug “{story.slug}”, as {seen[story.slug]} has.")
            seen[story.slug] = story.where
            story.tags(), story.corrections()
            _number(folder, "article", story.front)
            _check_parts(folder, story)
            folder.counts["stories"] += 1
        except NotTaken as why:
            mistakes.append(str(why))


def _check_parts(folder: Folder, story: Story) -> None:
    for entry in story.listed("entries"):
        shapes.ENTRY.read(mapping(entry, story.where), f"An entry of {story.where}")
        _number(folder, "live_entry", entry)
    for comment, _ in threaded(story.comments, story.where):
        shapes.COMMENT.read(comment, f"A comment under {story.where}")
        _number(folder, "comment", comment)
        folder.counts["comments"] += 1


def _number(folder: Folder, kind: str, given: Told) -> None:
    number = given.get("id")
    if isinstance(number, int):
        folder.highest[kind] = max(folder.highest[kind], number)


def _check_rest(folder: Folder, mistakes: list[str]) -> None:
    for where, front, _ in _sound(folder.pages(), mistakes):
        front.setdefault("slug", Path(where).stem)
        _note(lambda given=front, at=where: shapes.PAGE.read(given, at), mistakes)
        folder.counts["pages"] += 1
    for where, given in _sound(folder.pictures(), mistakes):
        _note(lambda told=given, at=where: shapes.PICTURE.read(told, at), mistakes)
        _number(folder, "picture", given)
        folder.counts["pictures"] += 1


def _sound(files: Iterator[Any], mistakes: list[str]) -> Iterator[Any]:
    """Until the first that is unsound."""
    try:
        yield from files
    except NotTaken as why:
        mistakes.append(str(why))


def _note(check: Any, mistakes: list[str]) -> None:
    try:
        check()
    except NotTaken as why:
        mistakes.append(str(why))
