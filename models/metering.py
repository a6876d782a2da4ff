"""Who may read what, and how many stories a month are free. Pure: clocks, settings and rows are the caller's.

`decide` is the only rule, and models/presenting.py the only one to ask it.
"""

from collections.abc import Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo


class Access(StrEnum):
    """What an article asks of its reader."""

    FREE = "free"
    METERED = "metered"
    MEMBERS = "members"  # who signs in
    PATRONS = "patrons"
    PATRONS_FIRST = "patrons-first"  # until a date; then it is free


class Mode(StrEnum):
    """What the whole magazine asks; the editor switches it at any time."""

    OPEN = "open"  # everything is free, with an ask
    METER = "meter"
    HARD = "hard"  # metered stories are for patrons


class Decision(StrEnum):
    """The answer, and what the wall asks for when it is closed."""

    OPEN = "open"
    METER = "meter"  # the meter has not been asked for this story yet: `claim`
    USED_UP = "used-up"
    CROWDED = "crowded"  # too many new readers from one network
    SIGN_IN = "sign-in"
    BECOME_PATRON = "become-patron"


@dataclass(frozen=True, slots=True)
class Gate:
    """What the rule needs to know of an article."""

    article_id: int
    access: Access
    free_from: datetime | None = None  # of patrons-first
    set_free: bool = False  # by the editor, whatever `access` says: people need to know

    @property
    def opens_at(self) -> datetime | None:
        """When it becomes free by itself; None for all but patrons-first."""
        return self.free_from if self.access is Access.PATRONS_FIRST else None

    def asks(self, mode: Mode, now: datetime | None) -> Access:
        """What it asks in this mode at this moment."""
        if self.set_free or mode is Mode.OPEN:
            return Access.FREE
        if self.access is Access.PATRONS_FIRST:
            is_over = now is not None and self.free_from is not None and self.free_from <= now
            return Access.FREE if is_over else Access.PATRONS
        if self.access is Access.METERED and mode is Mode.HARD:
            return Access.PATRONS
        return self.access


@dataclass(frozen=True, slots=True)
class Viewer:
    """What the rule needs to know of a reader; the default is a visitor."""

    is_signed_in: bool = False
    is_patron: bool = False
    is_staff: bool = False
    is_seated: bool = False  # reads for a library or newsroom that bought seats
    is_crawler: bool = False  # a search engine, known by its address, that the editor lets in
    opened: Set[int] = field(default_factory=frozenset)  # ids of articles that the meter or a gift opened for them
    mode: Mode = Mode.METER
    now: datetime | None = None  # None: before any date


VISITOR = Viewer()


def decide(gate: Gate, viewer: Viewer) -> Decision:
    """Decide one opening. METER means closed for now: only `claim` opens it."""
    asks = gate.asks(viewer.mode, viewer.now)
    if asks is Access.FREE or viewer.is_staff or viewer.is_patron or viewer.is_seated:
        return Decision.OPEN
    if gate.article_id in viewer.opened:
        return Decision.OPEN
    if asks is Access.METERED:
        return Decision.OPEN if viewer.is_crawler else Decision.METER
    if asks is Access.MEMBERS:
        return Decision.OPEN if viewer.is_signed_in else Decision.SIGN_IN
    return Decision.BECOME_PATRON


class Every(StrEnum):
    """How often the count starts anew."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Period:
    """One span of the meter, from midnight to midnight of the publisher."""

    key: str  # names it: its first day, as 2026-11-01
    start: datetime
    end: datetime  # when the count starts anew


def period(every: Every, now: datetime, zone: ZoneInfo) -> Period:
    """The period that `now` is in. A week begins on Monday. Days are the publisher's, also those of 23 or 25 hours."""
    here = now.astimezone(zone)
    midnight = here.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if every is Every.DAY:
        start, end = midnight, midnight + timedelta(days=1)  # wall time: the zone finds the instant
    elif every is Every.WEEK:
        start = midnight - timedelta(days=midnight.weekday())
        end = start + timedelta(days=7)
    else:
        start = midnight.replace(day=1)
        end = (start + timedelta(days=32)).replace(day=1)
    return Period(f"{start:%Y-%m-%d}", start, end)


@dataclass(frozen=True, slots=True)
class Claim:
    """What the meter says to a reader who wants a story."""

    decision: Decision  # OPEN, USED_UP or CROWDED
    used: int  # stories of this period that count, this one included if it is open
    limit: int
    is_new: bool = False  # it was not open before: this one counts

    @property
    def left(self) -> int:
        """How many more; a limit lowered meanwhile, or stories read before signing in, make it no less than none."""
        return max(0, self.limit - self.used)


def claim(article_id: int, opened: Set[int], used: int, limit: int) -> Claim:
    """Decide whether one more story opens. Re-reading is free; a limit of 0 is a hard wall.

    `opened`: ids read in this period. `used`: how many count, which is more when the reader erased some of them.
    """
    if article_id in opened and limit > 0:
        return Claim(Decision.OPEN, used, limit)
    if used >= limit:
        return Claim(Decision.USED_UP, used, limit)
    return Claim(Decision.OPEN, used + 1, limit, is_new=True)


# Stories that open in a day for readers without a cookie who come from one network: deleting cookies must not open the
# archive, and a school behind one address should still get in.
FRESH_A_DAY = 40
