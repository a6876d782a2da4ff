"""Pictures: files in DATA/media, and how large they are."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Select, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from models.base import db, utcnow

ENDINGS = {
    "image/svg+xml": ".svg",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "image/avif": ".avif",
}
COPIES = {"avif": "image/avif", "webp": "image/webp"}  # the kinds of smaller copies, best first
NAMED = re.compile(r"\bmedia[:/]([A-Za-z0-9][\w.-]*)")  # pictures of ours in a text, as Markdown or HTML
BY_CONTENT = re.compile(r"[0-9a-f]{24}")  # keys that are made from a file's content; the demo's are words


def srcset(key: str, widths: Iterable[int], ending: str) -> str:
    """The copies of a picture for an HTML srcset: "/media/<key>-480.avif 480w, …"."""
    return ", ".join(f"/media/{key}-{width}.{ending} {width}w" for width in widths)


class Plate(NamedTuple):
    """A picture as a page shows it; what only a story's own page says of it may be left out."""

    key: str
    width: int
    height: int
    widths: str
    caption: str = ""
    credit: str = ""
    source_url: str = ""
    licence: str = ""

    def srcset(self, ending: str) -> str:
        return srcset(self.key, map(int, self.widths.split()), ending)


class Picture(db.Model):
    """A file in DATA/media, shown under /media/<key>. Width and height in CSS pixels, so that nothing jumps."""

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    content_type: Mapped[str]
    width: Mapped[int]
    height: Mapped[int]
    widths: Mapped[str] = mapped_column(default="")  # "480 960 1440": smaller copies, each as WebP and as AVIF
    name: Mapped[str] = mapped_column(default="")  # of the file that was uploaded or imported
    alt: Mapped[str] = mapped_column(default="")  # what a story is offered when it takes the picture
    caption: Mapped[str] = mapped_column(default="")
    credit: Mapped[str] = mapped_column(default="")
    source_url: Mapped[str] = mapped_column(default="")  # where it was found, for the credit
    licence: Mapped[str] = mapped_column(default="")
    added_at: Mapped[datetime] = mapped_column(default=utcnow)
    imported_from: Mapped[str | None] = mapped_column(unique=True)  # the address it had

    @property
    def file_name(self) -> str:
        """Its name in DATA/media."""
        return f"{self.key}{ENDINGS.get(self.content_type, '')}"

    @classmethod
    def by_key(cls, key: str) -> "Picture | None":
        return db.session.scalar(select(cls).where(cls.key == key))

    @classmethod
    def keep(cls, picture: "Picture") -> "Picture":
        """Add what models.picture_files.store made, and return the row: the one that is there if the file is known.

        Call it in a write transaction.
        """
        if known := cls.by_key(picture.key):
            return known
        try:
            with db.session.begin_nested():
                db.session.add(picture)
        except IntegrityError:  # the same file, sent twice at once
            return db.session.scalars(select(cls).where(cls.key == picture.key)).one()
        return picture

    @classmethod
    def newest(cls, words: str = "") -> "Select[Picture]":
        """All of them, or those in whose name or description the words stand; newest first."""
        columns = (cls.name, cls.alt, cls.caption, cls.credit, cls.key)
        found = select(cls).order_by(cls.added_at.desc(), cls.id.desc())
        return found.where(or_(*(column.icontains(words, autoescape=True) for column in columns))) if words else found

    @property
    def copy_widths(self) -> tuple[int, ...]:
        return tuple(map(int, self.widths.split()))

    def copy_name(self, width: int, ending: str) -> str:
        """The name of a smaller copy, in DATA/media and under /media/; `ending` is webp or avif."""
        return f"{self.key}-{width}.{ending}"

    def copy_names(self) -> list[str]:
        return [self.copy_name(width, ending) for width in self.copy_widths for ending in COPIES]

    @property
    def thumbnail(self) -> str:
        """The address of its smallest copy, or its own."""
        return f"/media/{self.copy_name(self.copy_widths[0], 'webp') if self.copy_widths else self.key}"

    def srcset(self, ending: str) -> str:
        return srcset(self.key, self.copy_widths, ending)

    @property
    def is_by_content(self) -> bool:
        """Whether another content would have another key, so that caches may keep it for good."""
        return BY_CONTENT.fullmatch(self.key) is not None

    @property
    def size(self) -> tuple[int, ...]:
        """Width, height, and the widths of its copies: what a text that shows it must know (models.writing.Sizes)."""
        return (self.width, self.height, *self.copy_widths)

    @classmethod
    def sizes(cls) -> dict[str, tuple[int, ...]]:
        """The size of every picture by its key, for texts that show them."""
        return _sizes(select(cls.key, cls.width, cls.height, cls.widths))

    @classmethod
    def sizes_in(cls, source: str) -> dict[str, tuple[int, ...]]:
        """The sizes of the pictures that a text names, and of no others."""
        keys = set(NAMED.findall(source))
        return _sizes(select(cls.key, cls.width, cls.height, cls.widths).where(cls.key.in_(keys))) if keys else {}


def _sizes(rows: Select) -> dict[str, tuple[int, ...]]:
    return {key: (width, height, *map(int, widths.split())) for key, width, height, widths in db.session.execute(rows)}
