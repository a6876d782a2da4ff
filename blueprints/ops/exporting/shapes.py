"""Which names the columns of a row have in a file, for both directions. What is as it always is, is not written."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import inspect

from blueprints.ops.exporting.yaml_files import NotTaken, moment
from models import (
    Account,
    Article,
    Author,
    Category,
    Code,
    Comment,
    Contribution,
    Correction,
    Edition,
    LiveEntry,
    Offer,
    Page,
    Picture,
    Publication,
    Series,
    Tag,
    Term,
)
from models.base import ShortEnum, UtcDateTime


@dataclass(frozen=True)
class Shape:
    """`names` from the file's word to the column; `always` are those words that are never left out."""

    model: type[Any]
    names: dict[str, str]
    always: frozenset[str] = field(default_factory=frozenset)

    def told(self, row: Any) -> dict[str, Any]:
        """The row as plain values, in the order of `names`."""
        return {
            word: value for word, value in self._values(row) if word in self.always or not self._is_usual(word, value)
        }

    def _values(self, row: Any) -> Iterator[tuple[str, Any]]:
        for word, column in self.names.items():
            value = getattr(row, column)
            yield word, value.value if isinstance(value, StrEnum) else value

    def _is_usual(self, word: str, value: Any) -> bool:
        return value is None or bool(value == self._usual(word))

    def _usual(self, word: str) -> Any:
        """The column's default where it is a plain value."""
        default = self._column(word).default
        usual = default.arg if default is not None and default.is_scalar else None
        return usual.value if isinstance(usual, StrEnum) else usual

    def _column(self, word: str) -> Any:
        return inspect(self.model).columns[self.names[word]]

    def read(self, given: dict[str, Any], where: str) -> dict[str, Any]:
        """Columns and their values, defaults among them. Raises NotTaken for a value of the wrong kind."""
        values = {}
        for word, column in self.names.items():
            value = self._fitting(word, given[word], where) if given.get(word) is not None else None
            if value is None:
                default = self._column(word).default
                if default is None or not default.is_scalar:
                    if default is None and not self._column(word).nullable and not self._column(word).primary_key:
                        raise NotTaken(f"{where} does not say its “{word}”.")
                    continue
                value = default.arg
            values[column] = value
        return values

    def _fitting(self, word: str, value: Any, where: str) -> Any:
        kind = self._column(word).type
        if isinstance(kind, ShortEnum):
            if value in {each.value for each in kind.kind}:
                return kind.kind(value)
            raise NotTaken(f"{where} has “{word}: {value}”, which is none of {', '.join(kind.kind)}.")
        wanted = datetime if isinstance(kind, UtcDateTime) else kind.python_type
        if wanted is datetime:
            value = moment(value)
        elif wanted is str and isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        elif wanted is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if isinstance(value, wanted) and not (wanted is int and isinstance(value, bool)):
            return value.replace("\0", "") if isinstance(value, str) else value
        raise NotTaken(f"{where} has a “{word}” of the wrong kind.")


def _own(*columns: str, **renamed: str) -> dict[str, str]:
    """Columns that keep their name, then others by their word."""
    return {column: column for column in columns} | renamed


PICTURE = Shape(
    Picture,
    _own(
        "key", "content_type", "width", "height", "widths", "name", "alt", "caption", "credit", "source_url", "licence"
    )
    | _own("imported_from", "id", added="added_at"),
)
CATEGORY = Shape(Category, _own("slug", "name", "hanzi", "description", "gated_in_feeds"))
AUTHOR = Shape(Author, _own("slug", "name", "role", "bio"))
TAG = Shape(Tag, _own("slug", "name", "meaning", "source"))
SERIES = Shape(Series, _own("slug", "title", "description"))
TERM = Shape(Term, _own("hanzi", "pinyin", "meaning"))
PUBLICATION = Shape(
    Publication,
    _own(*"motto colophon wordmark_hanzi publisher address email gated_in_feeds reading_mode crawlers_read".split()),
    frozenset({"gated_in_feeds", "reading_mode"}),
)
ARTICLE = Shape(
    Article,
    _own("title", "standfirst", "slug", "kind", "status", "access", date="published_at", updated="updated_at")
    | _own("free_from", set_free="set_free_at")
    | _own(lead="is_lead", part="series_position")
    | _own("picture_alt", "picture_caption", "picture_credit", "picture_focus")
    | _own("place", "other_place", "other_zone", opened="opened_at", closed="closed_at")
    | _own("id", "reads", "heat", "live_version", "imported_from", created="created_at", saved="saved_at")
    | _own(format="source_format"),
    frozenset({"title", "slug", "kind", "status", "access", "format"}),
)
ENTRY = Shape(
    LiveEntry,
    _own("at", "speaker", "topic", "headline", pinned="is_pinned", corrected="corrected_at")
    | _own("correction", "id", "version"),
)
PAGE = Shape(
    Page,
    _own("title", "standfirst", "slug", "status", date="published_at", updated="updated_at", format="source_format")
    | _own("imported_from"),
    frozenset({"title", "slug", "status", "format"}),
)
COMMENT = Shape(
    Comment,
    _own("id", "state", "kind", "name", "email", "url", "by_author", "imported_from", at="written_at"),
    frozenset({"state"}),
)
CORRECTION = Shape(
    Correction, _own("state", "name", "email", "body", "note", sent="sent_at", noted="noted_at"), frozenset({"state"})
)
CONTRIBUTION = Shape(
    Contribution,
    _own("state", "name", "email", "subject", "body", sent="sent_at", handled="handled_at"),
    frozenset({"state"}),
)
OFFER = Shape(
    Offer,
    _own("slug", "title", "kicker", "standfirst", "partner", "disclosure", "summary", "cover_alt")
    | _own(cover="cover_key", active="is_active"),
)
EDITION = Shape(Edition, _own("slug", "name", "pages", "file", "public_id"))
CODE = Shape(
    Code,
    {"code": "text"}
    | _own("basis_points", "note", "max_redemptions", starts="starts_at", ends="ends_at", active="is_active")
    | _own("public_id", created="created_at"),
)
ACCOUNT = Shape(Account, _own("email", "name", "role", "public_id", verified="email_verified_at", created="created_at"))

# The lists of rows in magazine.yaml, in the order in which they are made.
IN_MAGAZINE = {
    "categories": CATEGORY,
    "authors": AUTHOR,
    "tags": TAG,
    "series": SERIES,
    "glossary": TERM,
    "offers": OFFER,
    "codes": CODE,
}
