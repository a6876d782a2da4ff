"""Hanzi terms that readers may want explained."""

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
        return list(db.session.scalars(select(cls).order_by(cls.pinyin, cls.hanzi)))
