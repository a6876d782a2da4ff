"""How often something was tried."""

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from models.base import db


class Attempts(db.Model):
    """How often something was tried in a window of time; kept in the database, so it holds across processes."""

    bucket: Mapped[str] = mapped_column(primary_key=True)  # what and who, the who hashed
    window: Mapped[datetime] = mapped_column(primary_key=True)  # its start
    count: Mapped[int] = mapped_column(default=0)

    @staticmethod
    def window_start(now: datetime, per: timedelta) -> datetime:
        seconds = int(per.total_seconds())
        return datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, tz=now.tzinfo)

    @classmethod
    def add(cls, bucket: str, now: datetime, per: timedelta) -> int:
        """Count one more try and return how many there were in this window. The caller commits."""
        start = cls.window_start(now, per)
        insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
        statement = insert(cls).values(bucket=bucket, window=start, count=1)
        statement = statement.on_conflict_do_update(
            index_elements=[cls.bucket, cls.window], set_={"count": cls.count + 1}
        )
        return db.session.execute(statement.returning(cls.count)).scalar_one()

    @classmethod
    def so_far(cls, bucket: str, now: datetime, per: timedelta) -> int:
        """How many tries there were in this window."""
        window = cls.window_start(now, per)
        return db.session.scalar(select(cls.count).where(cls.bucket == bucket, cls.window == window)) or 0

    @classmethod
    def take_back(cls, bucket: str, now: datetime, per: timedelta) -> None:
        """Uncount one try that turned out well; `now` as it was given to `add`."""
        counted = update(cls).where(cls.bucket == bucket, cls.window == cls.window_start(now, per), cls.count > 0)
        db.session.execute(counted.values(count=cls.count - 1))

    @classmethod
    def forget(cls, before: datetime) -> None:
        """Drop old windows; the worker does so now and then."""
        db.session.execute(db.delete(cls).where(cls.window < before))
