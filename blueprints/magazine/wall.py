"""What a reader is told of the meter: under a byline, and where the text stops. Figures and words, no HTML."""

from dataclasses import dataclass, replace
from datetime import datetime

from flask import current_app

from blueprints import login, metering
from blueprints.filters import local
from blueprints.metering import Answer, seats
from blueprints.metering.gifts import Gift
from models import Institution
from models.institution import House
from models.metering import Decision, Every

SPAN = {Every.DAY: "today", Every.WEEK: "this week", Every.MONTH: "in {month}"}
WHOLE_SPAN = {Every.DAY: "for today", Every.WEEK: "for this week", Every.MONTH: "for {month}"}
THIS = {Every.DAY: "today", Every.WEEK: "this week", Every.MONTH: "this month"}


@dataclass(frozen=True, slots=True)
class Told:
    """What stands at the wall, or in the line under the byline."""

    decision: Decision
    used: int = 0
    limit: int = 0
    left: int = 0
    resets_at: datetime | None = None
    span: str = ""  # in November
    whole_span: str = ""  # for November
    period: str = "month"
    story: str = "free story"  # members have stories, visitors free ones
    stories: str = "free stories"
    this: str = ""  # this month
    member_limit: int = 0
    opens_at: datetime | None = None  # of a story that patrons read first
    is_again: bool = False  # it was open before, and counts no more
    reads_by_address: bool = False  # libraries or newsrooms have seats for who comes from their network
    house: House | None = None  # whose seat opened it; at the wall, which has one for this account
    is_full: bool = False  # all seats of that house are taken
    by_account: bool = False  # it has them by e-mail domain for who is signed in, else by address for a day
    is_stranger: bool = False  # who asked comes from no network that has seats
    gift: Gift | None = None  # that opened it, or leads here

    @property
    def is_last(self) -> bool:
        return self.left == 0


def told(decision: Decision, now: datetime, answer: Answer | None = None, opens_at: datetime | None = None) -> Told:
    """The words for a decision; with figures where the meter was asked."""
    every = current_app.config["METER_PERIOD"]
    place = answer.place if answer else None  # of a library or newsroom
    opens_at_places = decision is not Decision.OPEN and Institution.directory().reads_by_address(now)
    plain = Told(
        decision,
        member_limit=current_app.config["METER_MEMBER"],
        opens_at=opens_at,
        period=every.value,
        reads_by_address=opens_at_places,
        house=house_at(decision, place, now),
        is_full=place is not None and not place.is_free,
        by_account=place is not None and place.by_account,
        is_stranger=opens_at_places and answer is not None and place is None and answer.gift is None,
        gift=answer.gift if answer else None,
    )
    if answer is None or answer.claim is None or answer.period is None:
        return plain
    claim, month = answer.claim, f"{local(answer.period.start):%B}"
    is_member = metering.is_member(login.account())
    return replace(
        plain,
        used=claim.used,
        limit=claim.limit,
        left=claim.left,
        is_again=decision is Decision.OPEN and not claim.is_new,
        resets_at=answer.period.end,
        span=SPAN[every].format(month=month),
        whole_span=WHOLE_SPAN[every].format(month=month),
        this=THIS[every],
        story="story" if is_member else plain.story,
        stories="stories" if is_member else plain.stories,
    )


def house_at(decision: Decision, place: seats.Place | None, now: datetime) -> House | None:
    """The library or newsroom to name: whose seat opened the story, or who has seats for this reader."""
    if decision is Decision.OPEN:
        return seats.opened_by()
    return place.house if place else seats.offered(login.account(), now)
