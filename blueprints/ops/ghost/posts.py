"""One row of Ghost's table of posts, whichever version wrote it."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from blueprints.ops.ghost.reading import Row
from models.metering import Access

STRICTNESS = (Access.FREE, Access.METERED, Access.MEMBERS, Access.PATRONS)
VISIBILITIES = {"public": Access.FREE, "members": Access.MEMBERS, "paid": Access.PATRONS, "tiers": Access.PATRONS}
IN_MILLISECONDS = 10**11  # a number larger than this counts milliseconds
CREDIT = re.compile(
    r"(?:^|(?<=[.!?。)|–—/-]))\s*((?:©|(?:photo|photograph|picture|image|illustration|drawing|credit)s?\b"
    r"(?:\s*(?:by|courtesy|credit)\b|\s*[:：©])).*)$",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Post:
    """A post or a page; `body` and its like are as the file has them."""

    number: str
    key: str  # under which it is known once it was imported
    kind: str  # "article" or "page"
    title: str
    slug: str
    status: str
    visibility: str
    excerpt: str
    picture: str
    html: str
    lexical: str
    mobiledoc: str
    markdown: str
    author: str
    canonical: str
    has_code: bool
    is_featured: bool
    at: datetime | None
    created_at: datetime | None
    saved_at: datetime | None

    @classmethod
    def of(cls, row: Row) -> "Post":
        number, slug = _text(row, "id"), _text(row, "slug")
        unique = _text(row, "uuid") or f"{number}:{slug}"
        is_page = row.get("type") == "page" or row.get("page") in {1}
        return cls(
            number=number,
            key=f"ghost:{unique}",
            kind="page" if is_page else "article",
            title=_text(row, "title"),
            slug=slug,
            status=_text(row, "status"),
            visibility=_text(row, "visibility") or "public",
            excerpt=_text(row, "custom_excerpt"),
            picture=_text(row, "feature_image") or _text(row, "image"),
            html=_text(row, "html"),
            lexical=_text(row, "lexical"),
            mobiledoc=_text(row, "mobiledoc"),
            markdown=_text(row, "markdown"),
            author=_text(row, "author_id") or _text(row, "author"),
            canonical=_text(row, "canonical_url"),
            has_code=bool(_text(row, "codeinjection_head") or _text(row, "codeinjection_foot")),
            is_featured=row.get("featured") in {1},
            at=moment(row.get("published_at")),
            created_at=moment(row.get("created_at")),
            saved_at=moment(row.get("updated_at")),
        )

    def access(self, least: Access) -> Access:
        """What it asks of its reader: as in Ghost, but no less than `least`. A visibility unknown here is closed."""
        own = VISIBILITIES.get(self.visibility, Access.PATRONS)
        return max(own, least, key=STRICTNESS.index)


def _text(row: Row, name: str) -> str:
    value = row.get(name)
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else ""


def moment(value: Any) -> datetime | None:
    """A time as Ghost writes it: ISO, MySQL's form, or milliseconds. None when it is no time."""
    try:
        if isinstance(value, str) and value.isdigit():
            value = int(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000 if abs(value) > IN_MILLISECONDS else value, UTC)
        if not isinstance(value, str):
            return None
        read = datetime.fromisoformat(value)
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def parted(caption: str) -> tuple[str, str]:
    """Caption and credit of a picture, which Ghost keeps in one line: "A boat. Photo by Jane Example"."""
    found = CREDIT.search(caption)
    if not found:
        return caption, ""
    return caption[: found.start()].rstrip(" |–—/-"), found[1].strip()
