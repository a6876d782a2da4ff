"""What a partner sells through us, and its editions."""

from typing import Any

from sqlalchemy import JSON, ForeignKey, select
from sqlalchemy.orm import Mapped, composite, mapped_column, relationship, selectinload

from models.base import db, new_public_id
from models.money import Money


class Offer(db.Model):
    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    kicker: Mapped[str] = mapped_column(default="")
    standfirst: Mapped[str] = mapped_column(default="")
    partner: Mapped[str] = mapped_column(default="")
    disclosure: Mapped[str] = mapped_column(default="")  # what we get for selling it
    summary: Mapped[str] = mapped_column(default="")  # one sentence, for the card inside a story
    contents: Mapped[list[Any]] = mapped_column(JSON, default=list)  # [{"title", "page"}]
    cover_key: Mapped[str] = mapped_column(default="")  # key of a Picture
    cover_alt: Mapped[str] = mapped_column(default="")
    is_active: Mapped[bool] = mapped_column(default=True)
    editions: Mapped[list["Edition"]] = relationship(order_by="Edition.position", back_populates="offer")

    def edition(self, slug: str | None) -> "Edition | None":
        return next((edition for edition in self.editions if edition.slug == slug), None)

    @property
    def paid_edition(self) -> "Edition | None":
        """The edition that a code is about: the dearest."""
        priced = [edition for edition in self.editions if edition.price.minor]
        return max(priced, key=lambda edition: edition.price.minor, default=None)

    @classmethod
    def by_slug(cls, slug: str) -> "Offer | None":
        return db.session.scalar(select(cls).where(cls.slug == slug, cls.is_active).options(selectinload(cls.editions)))

    @classmethod
    def active(cls) -> list["Offer"]:
        return list(
            db.session.scalars(select(cls).where(cls.is_active).order_by(cls.id).options(selectinload(cls.editions)))
        )


class Edition(db.Model):
    """One thing that can be had: a file in DATA/files, at a price; 0 is free."""

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=new_public_id)
    offer_id: Mapped[int] = mapped_column(ForeignKey("offer.id", ondelete="CASCADE"), index=True)
    slug: Mapped[str]
    name: Mapped[str]
    pages: Mapped[int]
    price: Mapped[Money] = composite(mapped_column("price_minor"), mapped_column("price_currency"))
    file: Mapped[str]  # name below DATA/files
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # label -> text, rows of the table
    position: Mapped[int] = mapped_column(default=0)
    offer: Mapped[Offer] = relationship(back_populates="editions", lazy="joined", innerjoin=True)

    __table_args__ = (db.UniqueConstraint("offer_id", "slug"),)
