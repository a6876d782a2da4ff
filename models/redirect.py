"""Old addresses that still lead somewhere."""

from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from urllib.parse import unquote

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from models.base import db, utcnow


def tidy(address: str) -> str:
    """A path of ours as it is kept: no trailing slash, no fragment, percent-decoded, its query as it stands."""
    path, mark, query = address.partition("#")[0].partition("?")
    return (unquote(path).rstrip("/") or "/") + (mark + query if query else "")


def without_query(address: str) -> str:
    return address.partition("?")[0]


class Redirect(db.Model):
    """One old address: a path as it was asked for, with its query when it has one ("/?p=42").

    No target is itself an old address, so that one step always leads to the end.
    """

    id: Mapped[int] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(unique=True)  # begins with "/", no trailing slash, percent-decoded
    target: Mapped[str] = mapped_column(index=True)  # a path of ours
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    @classmethod
    def by_path(cls, path: str) -> "Redirect | None":
        return db.session.scalar(select(cls).where(cls.path == path))

    @classmethod
    def leading_from(cls, path: str, query: str = "") -> "Redirect | None":
        """Where a request that found nothing should go: what was kept for this query, else for the path alone.

        `path` as Flask has it, decoded already; `query` as it was sent.
        """
        bare = path.rstrip("/") or "/"
        asked = [f"{bare}?{query}", bare] if query else [bare]
        found = {row.path: row for row in db.session.scalars(select(cls).where(cls.path.in_(asked)))}
        return next((found[address] for address in asked if address in found), None)

    @classmethod
    def of_front(cls, query: str) -> "Redirect | None":
        """For WordPress's short addresses, "/?p=42": the front page answers, so no 404 would look for them."""
        return cls.by_path(f"/?{query}") if query else None

    @classmethod
    def keep(cls, old: str, new: str) -> None:
        """Send whoever asks for `old` on to `new`, an address that answers now. Safe to repeat; the caller commits.

        What led to `old` leads to `new` then, and `new` itself leads nowhere else: no chain and no loop can grow.
        """
        old, new = tidy(old), tidy(new)
        cls.drop(new)
        if old in {new, without_query(new)}:
            return
        for row in db.session.scalars(select(cls).where(cls.target == old)):
            row.target = new
        known = cls.by_path(old)
        if known is None:
            db.session.add(cls(path=old, target=new))
        else:
            known.target = new
        db.session.flush()

    @classmethod
    def keep_all(cls, pairs: Iterable[tuple[str, str]]) -> None:
        """`keep` for many, in a few questions for each few hundred. The caller commits."""
        waiting = iter(pairs)
        while some := {tidy(old): tidy(new) for old, new in islice(waiting, 500)}:
            answering = {address for new in some.values() for address in (new, without_query(new))}
            db.session.execute(delete(cls).where(cls.path.in_(answering)))
            moved = {old: new for old, new in some.items() if old not in answering}
            for row in db.session.scalars(select(cls).where(cls.target.in_(moved))):
                row.target = moved[row.target]
            known = {row.path: row for row in db.session.scalars(select(cls).where(cls.path.in_(moved)))}
            for old, new in moved.items():
                if old in known:
                    known[old].target = new
                else:
                    db.session.add(cls(path=old, target=new))
            db.session.flush()

    @classmethod
    def drop(cls, address: str) -> None:
        """Forget where an address led, for it answers itself again. The caller commits."""
        address = tidy(address)
        db.session.execute(delete(cls).where(cls.path.in_({address, without_query(address)})))

    @classmethod
    def newest_first(cls) -> Select[tuple["Redirect"]]:
        return select(cls).order_by(cls.id.desc())
