"""Hanzi terms that readers may want explained."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Mapped, mapped_column

from models.base import db


class Term(db.Model):
    """One term: how it is written, said and meant."""

    id: Mapped[int] = mapped_column(primary_key=True)
    hanzi: Mapped[str] = mapped_column(unique=True)  # as the stories write it
    pinyin: Mapped[str] = mapped_column(default="")  # with tone marks: "wǎngluò"
    meaning: Mapped[str] = mapped_column(default="")

    @classmethod
    def in_order(cls) -> list["Term"]:
        """By pinyin, then by hanzi."""
        return list(db.session.scalars(select(cls).order_by(cls.pinyin, cls.hanzi)))

    @classmethod
    def by_hanzi(cls, hanzi: str) -> "Term | None":
        return db.session.scalar(select(cls).where(cls.hanzi == hanzi))


def terms_in(text: str, terms: Iterable[Any]) -> list[Any]:
    """Those terms, rows or plain, that the text uses, in the order in which it first does."""
    places = ((text.find(term.hanzi), term) for term in terms)
    return [term for place, term in sorted(places, key=lambda found: found[0]) if place >= 0]
