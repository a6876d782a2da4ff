"""Seats of libraries and newsrooms: whether one opens a story for who asks, by their account or by their network.

A page that caches share never depends on the network: only `/read` and pages of one's own ask here.
"""

from dataclasses import dataclass
from datetime import datetime

from flask import Flask, Response, current_app, g, request
from sqlalchemy.exc import OperationalError

from blueprints.filters import local
from blueprints.metering import pointer
from blueprints.security import bucket
from models import Account, DayReader, Institution, Seat, begin_write, db
from models.institution import USED_EVERY, House, house_of
from models.networks import address_of


@dataclass(frozen=True, slots=True)
class Place:
    """What a house has for who asks."""

    house: House
    is_free: bool  # a seat, and it is theirs now; else all are taken
    cookie: str = ""  # of a new visitor
    by_account: bool = False  # by the domain of their address, else by their network


def day_of(now: datetime) -> str:
    """The publisher's day."""
    return f"{local(now):%Y-%m-%d}"


def nearby(now: datetime) -> House | None:
    """The house whose network this request comes from, as the proxy says or the connection itself. From memory."""
    directory = Institution.directory()
    if not directory.reads_by_address(now):
        return None
    return directory.of_address(address_of(request.remote_addr), now)


def offered(who: Account | None, now: datetime) -> House | None:
    """The house that has seats for this account by its address. From memory."""
    return house_of(who, now) if who else None


def _reader(house: House, key: str, day: str) -> str:
    return bucket(f"{house.id} {day}", key) if key else ""


def is_in(key: str, now: datetime) -> bool:
    """Whether the network's house has let this reader in today. Spends nothing."""
    house = nearby(now) if key else None
    if house is None or not DayReader.is_in(house, day_of(now), _reader(house, key, day_of(now))):
        return False
    g.house = house
    return True


def ask(who: Account | None, key: str, now: datetime) -> Place | None:
    """A seat for who asks, if a house has one. Commits when one is taken. `key`: the meter's name for them, or ""."""
    by_account = _sit(who, now) if who else None
    if by_account and by_account.is_free:
        return by_account
    return _walk_in(key, now) or by_account


def _sit(who: Account, now: datetime) -> Place | None:
    house = offered(who, now)
    if house is None:
        return None
    if Seat.count(house.id) >= house.seats:
        return Place(house, is_free=False, by_account=True)
    taken = take(who, house, now)
    if taken:
        g.house = house
    return Place(house, is_free=taken, by_account=True)


def take(who: Account, house: House, now: datetime) -> bool:
    """Give this account a seat if one is free. Commits."""
    account_id = who.id
    begin_write()
    taken = Seat.take(account_id, house, now)
    db.session.commit()
    return taken


def _walk_in(key: str, now: datetime) -> Place | None:
    house = nearby(now)
    if house is None:
        return None
    if is_in(key, now):
        return Place(house, is_free=True)
    day, cookie = day_of(now), ""
    if DayReader.count(house.id, day) >= house.seats:
        return Place(house, is_free=False)
    if not key:
        key, cookie = pointer.new()
    begin_write()
    admitted = DayReader.admit(house, day, _reader(house, key, day))
    db.session.commit()
    if not admitted:
        return Place(house, is_free=False)
    g.house = house
    return Place(house, is_free=True, cookie=cookie)


def note(who: Account | None, now: datetime) -> None:
    """A seat of this account opened something: say so after the answer is made."""
    house = offered(who, now)
    seat = Seat.of(who.id, house) if who and house else None
    if house and seat:
        g.house = house
        if seat.last_used_at <= now - USED_EVERY:
            g.seat_used = seat.account_id, seat.institution_id, now


def opened_by() -> House | None:
    """The house whose seat opened the story of this request."""
    house: House | None = g.get("house")
    return house


def note_use(response: Response) -> Response:
    """Write down, once a day, that a seat is in use. After the page is made: nothing of it is committed."""
    used = g.get("seat_used")
    if used is None:
        return response
    g.pop("seat_used")
    try:
        db.session.rollback()
        begin_write()
        Seat.note_use(*used)
        db.session.commit()
    except OperationalError:  # a busy database must not unmake the page
        current_app.logger.exception("That a seat is in use was not written down")
        db.session.rollback()
    return response


def init_app(app: Flask) -> None:
    app.after_request(note_use)
