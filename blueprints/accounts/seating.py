"""What /account says of the seat that a library or newsroom has for a reader."""

from dataclasses import dataclass
from datetime import datetime

from models import Account, Seat
from models.institution import House, house_of


@dataclass(frozen=True, slots=True)
class OwnSeat:
    """One that is taken, that may be taken, or that others have."""

    house: House
    is_taken: bool
    is_full: bool


def of_reader(who: Account, now: datetime) -> OwnSeat | None:
    house = house_of(who, now)
    if house is None:
        return None
    is_taken = Seat.of(who.id, house) is not None
    return OwnSeat(house, is_taken, not is_taken and Seat.count(house.id) >= house.seats)
