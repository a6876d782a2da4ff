"""What the worker does for institutions, each hour."""

from datetime import datetime, timedelta

from blueprints.filters import day, local
from models import DayReader, Institution, Outbox, Seat


def upkeep(now: datetime) -> None:
    """Tell contacts a month before the end, free seats that nobody uses, forget who read when. The caller commits."""
    Seat.give_back(now)
    DayReader.forget(f"{local(now) - timedelta(days=1):%Y-%m-%d}")
    for row in Institution.ending(now):
        if row.contact:
            Outbox.post(
                "institution-ends",
                row.contact,
                once_key=f"institution-ends:{row.id}:{row.ends_at:%Y-%m-%d}",
                name=row.name,
                seats=row.seats,
                used=Seat.count(row.id),
                ends=day(row.ends_at).replace("\u00a0", " "),
            )
