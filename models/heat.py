"""How warm a story is: every read counts, and half as much after each HALF_LIFE. Pure.

Kept as the logarithm, to the base 2, of the sum over all reads of 2^(half-lives from EPOCH to the read). Waiting takes
the same from every story's sum, so the order of two stories never changes by time alone, and nothing has to be
computed again: one more read is one addition, and the warmest stories come from an index.
"""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

HALF_LIFE = timedelta(days=7)
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # before any read; moving it means to compute every row anew
NEVER = 0.0  # no read


def level(at: datetime) -> float:
    """The heat that one read at this instant gives; a clock that stands before EPOCH gives none."""
    return max(NEVER, (at - EPOCH) / HALF_LIFE)


def both(one: float, other: float) -> float:
    """The heat of the reads of both together."""
    low, high = sorted((one, other))
    return high if low <= NEVER else high + math.log2(1 + 2 ** (low - high))


def most(reads: int, now: datetime) -> float:
    """What `reads` reads can give at most: all of them just now."""
    return level(now) + math.log2(reads) if reads > 0 else NEVER


@dataclass(frozen=True, slots=True)
class Reads:
    """Some reads of one story, counted and not yet stored."""

    number: int
    heat: float

    @classmethod
    def one(cls, at: datetime) -> "Reads":
        return cls(1, level(at))

    def __add__(self, other: "Reads") -> "Reads":
        return Reads(self.number + other.number, both(self.heat, other.heat))
