"""The meter as the web asks it: who reads, whether one more story opens for them, and what is kept of it.

Part of the shared floor. The rule is models/metering.py; the ledger is the database, or Valkey when CACHE_URL is set.
"""

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, cast

from flask import Flask, Response, current_app, request
from flask_login import user_logged_in

from blueprints import login
from blueprints.limits import Limit, count
from blueprints.metering import crawlers, gifts, pointer, seats
from blueprints.metering.gifts import Gift
from blueprints.metering.valkey_ledger import LedgerAway, ValkeyLedger
from blueprints.security import network
from models import Account, GiftLink, GiftOpening, begin_write, db, utcnow
from models.article import Kind
from models.gift import GiftState
from models.meter import DatabaseLedger, key_of_account
from models.metering import FRESH_A_DAY, Claim, Decision, Gate, Period, Viewer, decide, period
from models.presenting import AnyStory

log = logging.getLogger(__name__)
FRESH = Limit("fresh-readers", FRESH_A_DAY, timedelta(days=1))
KEPT_PERIODS = 1  # besides the one that runs: an open liveblog looks at the one before
AHEAD = ("Sec-Purpose", "Purpose", "X-Moz")  # what browsers say when they fetch before anybody asked


@dataclass(frozen=True, slots=True)
class Answer:
    """What a reader who wants a story is told."""

    decision: Decision
    claim: Claim | None = None  # None where the meter has nothing to say: the story is free, or they are a patron
    period: Period | None = None
    cookie: str = ""  # of a visitor for whom a story was counted or given; to be set with `settle`
    gift: Gift | None = None  # the link that opened it, or that would not
    place: seats.Place | None = None  # what a library or newsroom has for them

    @property
    def is_open(self) -> bool:
        return self.decision is Decision.OPEN

    def settle(self, response: Response) -> Response:
        """The answer to this reader alone, with the pointer of a new one."""
        if self.cookie and self.period:
            pointer.give(response, self.cookie, self.period.end)
        response.headers["Cache-Control"] = "private, no-store"
        return response


def ledger() -> DatabaseLedger | ValkeyLedger:
    return cast(DatabaseLedger | ValkeyLedger, current_app.extensions["meter_ledger"])


def this_period(now: datetime) -> Period:
    return period(current_app.config["METER_PERIOD"], now, current_app.config["ZONE"])


def key_of(who: Account | None) -> str:
    """The ledger's name for who asks: the account's, else the visitor's; "" for a visitor it has never seen."""
    return key_of_account(who.public_id) if who else pointer.read()


def limit_of(who: Account | None) -> int:
    """Stories a period. A member is who proved an address: else any number of accounts would open the archive."""
    return int(current_app.config["METER_MEMBER" if is_member(who) else "METER_ANONYMOUS"])


def is_member(who: Account | None) -> bool:
    return who is not None and who.email_verified_at is not None


def fetched_ahead() -> bool:
    """Whether a browser fetches or renders before the reader has asked: it spends nothing, and gets nothing."""
    said = " ".join(request.headers.get(name, "") for name in AHEAD).lower()
    return "prefetch" in said or "prerender" in said


def viewer(story: AnyStory, now: datetime) -> Viewer:
    """The reader of one story, as the rules see them, with what the meter or a gift has opened. Spends nothing.

    Raises LedgerAway.
    """
    return reading(story, now)[0]


def reading(story: AnyStory, now: datetime) -> tuple[Viewer, Gift | None]:
    """The same, with the gift if it is one that has opened the story. Raises LedgerAway."""
    reads, who = login.viewer(now), login.account()
    decision = decide(story.gate, reads)
    if decision is Decision.OPEN:
        note_seat(story.gate, reads, now)
        return reads, None
    if given := gifts.opened(story.id, key_of(who), who, now):
        return with_opened(reads, story), given
    if decision is Decision.METER and has_opened(story.gate, who, now, goes_on(story)):
        return with_opened(reads, story), None
    return (replace(reads, is_seated=True) if seats.is_in(key_of(who), now) else reads), None


def passer_by(story: AnyStory, now: datetime) -> Viewer:
    """Who reads a story's page without being signed in: everybody, but for a search engine that the editor lets in."""
    anybody = login.visitor(now)
    if decide(story.gate, anybody) is Decision.METER and crawlers.is_here():
        return replace(anybody, is_crawler=True)
    return anybody


def note_seat(gate: Gate, reads: Viewer, now: datetime) -> None:
    """Note that the reader's seat opens this story, if nothing else would."""
    if reads.is_seated and decide(gate, replace(reads, is_seated=False)) is not Decision.OPEN:
        seats.note(login.account(), now)


def with_opened(reads: Viewer, story: AnyStory) -> Viewer:
    """The same reader, with this story open."""
    return replace(reads, opened=frozenset({story.id}))


def standing(now: datetime) -> Answer:
    """How the count of who asks stands. Spends nothing. Raises LedgerAway."""
    who = login.account()
    current, reader, limit = this_period(now), key_of(who), limit_of(who)
    used = ledger().opened(reader, current.key).used if reader else 0
    decision = Decision.METER if used < limit else Decision.USED_UP
    return Answer(decision, Claim(decision, used, limit), current)


def goes_on(story: AnyStory) -> bool:
    """A liveblog that is open costs one read at most, however many periods it lasts."""
    return story.kind is Kind.LIVEBLOG and story.is_open


def has_opened(gate: Gate, who: Account | None, now: datetime, goes_on: bool = False) -> bool:
    """Whether the ledger has this story for this reader, in this period; one that goes on, in those before too."""
    reader = key_of(who)
    if not reader or not limit_of(who):
        return False
    periods = kept_periods(now) if goes_on else [this_period(now).key]
    return ledger().has(reader, periods, gate.article_id)


def kept_periods(now: datetime) -> list[str]:
    """The keys of this period, the last, and those whose visitors still have their pointers."""
    one = this_period(now)
    keys = [one.key]
    while len(keys) < 2 or one.start + pointer.AFTER > now:
        one = this_period(one.start - timedelta(seconds=1))
        keys.append(one.key)
    return keys


def ask(gate: Gate, now: datetime, *, goes_on: bool = False, gift: str = "") -> Answer:
    """Open a story for who asks, if the rules, a gift or the meter let them. Commits.

    `gift`: the link they sent along, or a part of it; one that does not open the story is no reason to count it.
    Raises LedgerAway; then nothing was counted.
    """
    who = login.account()
    reads = login.viewer(now)
    decision = decide(gate, reads)
    if decision is Decision.OPEN:
        note_seat(gate, reads, now)
        return Answer(decision)
    current, limit, reader, cookie = this_period(now), limit_of(who), key_of(who), ""
    if given := gifts.opened(gate.article_id, reader, who, now):
        return Answer(Decision.OPEN, period=current, gift=given)
    if gift:
        return open_gift(gift, gate, decision, reader, current, now)
    place = seats.ask(who, reader, now)  # first: who reads in a library has their own count left for home
    if place and place.is_free:
        return Answer(Decision.OPEN, period=current, cookie=place.cookie, place=place)
    if decision is not Decision.METER:
        return Answer(decision, place=place)
    is_guest = who is None and pointer.is_guest()
    is_known = is_member(who) or bool(
        reader and not is_guest and (not who or ledger().opened(reader, current.key).used)
    )
    if not is_known:
        if not limit:
            return Answer(Decision.USED_UP, Claim(Decision.USED_UP, 0, 0), current, place=place)
        if not welcome(now):
            return Answer(Decision.CROWDED, Claim(Decision.CROWDED, 0, limit), current, place=place)
        if is_guest:
            reader, cookie = pointer.admitted()
        elif not reader:
            reader, cookie = pointer.new()
    elif goes_on and has_opened(gate, who, now, goes_on=True):
        used = ledger().opened(reader, current.key).used
        return Answer(Decision.OPEN, Claim(Decision.OPEN, used, limit), current)
    said = ledger().claim(reader, current.key, current.end, gate.article_id, limit, now, is_known=is_known)
    if said.is_new and who is None:
        cookie = cookie or pointer.sent()  # it must last as long as this period counts
    return Answer(said.decision, said, current, cookie, place=place)


def open_gift(typed: str, gate: Gate, closed: Decision, reader: str, current: Period, now: datetime) -> Answer:
    """Open a story by its gift link, past the meter and its limits; or say why it does not. Commits."""
    secret, cookie = gifts.token_in(typed), "" if login.account() else pointer.sent()
    if not reader:
        reader, cookie = pointer.new(guest=True)
    begin_write()
    link = GiftLink.by_token(secret)
    state = link.state(gate.article_id, now) if link else GiftState.UNKNOWN
    if link and state is GiftState.OPENS and not link.open_for(reader, now):
        db.session.rollback()  # somebody took the last use, or it was taken back, at this moment
        link = GiftLink.by_token(secret)
        state = link.state(gate.article_id, now) if link else GiftState.UNKNOWN
    given = Gift(state) if link is None or state is GiftState.OTHER_STORY else gifts.told(link, state)
    db.session.commit()
    if state is not GiftState.OPENS:
        return Answer(closed, gift=given)
    return Answer(Decision.OPEN, period=current, cookie=cookie, gift=given)


def welcome(now: datetime) -> bool:
    """Whether this network may bring one more new reader. Leaves the write open for the ledger when it may.

    Raises LedgerAway.
    """
    books = ledger()
    if isinstance(books, ValkeyLedger):
        books.reach()
    begin_write()
    if count({FRESH: network()}, now):
        db.session.commit()
        return False
    if isinstance(books, ValkeyLedger):
        db.session.commit()
    return True


def merge(_app: Flask, user: Any, **_: Any) -> None:
    """Who signs in brings along what this browser has read."""
    reader, current = pointer.read(), this_period(utcnow())
    if not reader:
        return
    begin_write()
    GiftOpening.merge(reader, key_of(user))
    try:
        ledger().merge(reader, key_of(user), current.key, current.end)
    except LedgerAway:
        log.warning("What a visitor had read could not be carried over: the meter's ledger does not answer.")
    db.session.commit()


def forget(now: datetime) -> None:
    """Drop what no count and no cookie refers to any more: two periods after its own. The caller commits."""
    before = this_period(now)
    for _ in range(KEPT_PERIODS):
        before = this_period(before.start - timedelta(seconds=1))
    ledger().forget(min(before.key, f"{now - pointer.AFTER:%Y-%m-%d}"))


def init_app(app: Flask) -> None:
    url = app.config["CACHE_URL"]
    cache = app.extensions["page_cache"].valkey
    app.extensions["meter_ledger"] = ValkeyLedger(url, cache.prefix) if url else DatabaseLedger()
    user_logged_in.connect(merge, app)
    seats.init_app(app)
    crawlers.init_app(app)
