"""Who may read what. Pure: `decide` is the only rule, and `present` (models/presenting.py) the only one to ask it."""

from dataclasses import dataclass
from enum import StrEnum


class Access(StrEnum):
    """What an article asks of its reader."""

    FREE = "free"
    METERED = "metered"
    MEMBERS = "members"
    PATRONS = "patrons"


class Decision(StrEnum):
    """The answer, and what the wall asks for when it is closed."""

    OPEN = "open"
    SIGN_IN = "sign-in"
    BECOME_PATRON = "become-patron"


@dataclass(frozen=True, slots=True)
class Viewer:
    """What the rule needs to know of a reader; the default is a visitor."""

    is_signed_in: bool = False
    is_patron: bool = False
    is_staff: bool = False


VISITOR = Viewer()


def decide(access: Access, viewer: Viewer) -> Decision:
    """Decide one opening. Until the meter is built, metered stories open for signed-in readers."""
    if access is Access.FREE or viewer.is_staff or viewer.is_patron:
        return Decision.OPEN
    if access is Access.PATRONS:
        return Decision.BECOME_PATRON
    return Decision.OPEN if viewer.is_signed_in else Decision.SIGN_IN
