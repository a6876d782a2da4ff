"""Libraries and newsrooms that bought seats: who reads for them, by e-mail domain or by address, and until when."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, delete, func, select, text, update
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.account import Account
from models.base import db, utcnow
from models.generation import memo
from models.networks import Address, NotARange, Ranges, overlap, range_of

UNUSED = timedelta(days=90)  # after which a seat is given back
USED_EVERY = timedelta(days=1)  # at most one write in that time says that a seat is in use
WARN_BEFORE = timedelta(days=30)
DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")


class NotKept(ValueError):
    """A domain, a range or a number of seats that cannot be: `field` and a sentence."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field, self.sentence = field, sentence


@dataclass(frozen=True, slots=True)
class House:
    """An institution as plain values, kept in memory."""

    id: int
    name: str
    seats: int
    ends_at: datetime
    contact: str


@dataclass(frozen=True, slots=True)
class Directory:
    """All houses, by domain and by range."""

    domains: dict[str, tuple[House, bool]]  # and whether its subdomains too
    ranges: Ranges[House]
    ranges_until: datetime | None = None  # when the last house that has ranges is over

    def of_email(self, email: str, now: datetime) -> House | None:
        """The house of an address: by its domain, else by the nearest domain above that takes its subdomains."""
        domain, below = email.rpartition("@")[2], False
        while domain:
            house, takes_all = self.domains.get(domain, (None, False))
            if house and (takes_all or not below) and house.ends_at > now:
                return house
            domain, below = domain.partition(".")[2], True
        return None

    def of_address(self, address: Address | None, now: datetime) -> House | None:
        house = self.ranges.get(address)
        return house if house and house.ends_at > now else None

    def reads_by_address(self, now: datetime) -> bool:
        """Whether anybody at all does."""
        return self.ranges_until is not None and self.ranges_until > now


class Institution(db.Model):
    """A library or newsroom. Readers see that there is one with ranges: the wall then offers to open stories."""

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    seats: Mapped[int]
    ends_at: Mapped[datetime]
    contact: Mapped[str] = mapped_column(default="")  # an e-mail address: readers are told, and it gets the letter
    note: Mapped[str] = mapped_column(default="")  # for the desk alone
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    domains: Mapped[list["InstitutionDomain"]] = relationship(
        cascade="all, delete-orphan", order_by="InstitutionDomain.domain", passive_deletes=True
    )
    ranges: Mapped[list["InstitutionRange"]] = relationship(
        cascade="all, delete-orphan", order_by="InstitutionRange.id", passive_deletes=True
    )

    def is_over(self, now: datetime) -> bool:
        return self.ends_at <= now

    def set_domains(self, lines: str) -> None:
        """One a line; a star before it, as *.uni.example, takes its subdomains too. Raises NotKept."""
        wanted = dict(_domain(line) for line in _lines(lines))
        theirs = select(InstitutionDomain.domain, Institution.name).join(Institution)
        taken = theirs.where(InstitutionDomain.domain.in_(wanted), Institution.id != self.id)
        for domain, name in db.session.execute(taken):
            raise NotKept("domains", f"{domain} is {name}’s already. A domain belongs to one institution.")
        kept = {row.domain: row for row in self.domains}
        self.domains = [kept.get(domain) or InstitutionDomain(domain=domain) for domain in wanted]
        for row in self.domains:
            row.with_subdomains = wanted[row.domain]

    def set_ranges(self, lines: str) -> None:
        """One a line, in CIDR notation. Raises NotKept."""
        try:
            wanted = list(dict.fromkeys(range_of(line) for line in _lines(lines)))
        except NotARange as wrong:
            raise NotKept("ranges", str(wrong)) from wrong
        others = select(InstitutionRange.cidr, Institution.name).join(Institution).where(Institution.id != self.id)
        for cidr, name in db.session.execute(others):
            for network in wanted:
                if overlap(network, range_of(cidr)):
                    raise NotKept("ranges", f"{network} is in {name}’s range {cidr}. Two institutions cannot share.")
        kept = {row.cidr: row for row in self.ranges}
        self.ranges = [kept.get(str(network)) or InstitutionRange(cidr=str(network)) for network in wanted]

    @classmethod
    def by_end(cls) -> list["Institution"]:
        return list(db.session.scalars(select(cls).order_by(cls.ends_at, cls.name)))

    @classmethod
    def lock_all(cls) -> None:
        """Two editors who save at once come one after the other, so that neither misses the other's ranges."""
        if db.session.get_bind().dialect.name == "postgresql":
            db.session.execute(text("LOCK TABLE institution IN SHARE ROW EXCLUSIVE MODE"))

    @classmethod
    def directory(cls) -> Directory:
        """All houses, from memory; made anew when one changes, and each minute."""
        return memo("institutions", _directory)

    @classmethod
    def ending(cls, now: datetime) -> list["Institution"]:
        """Those that are over within a month."""
        soon = select(cls).where(cls.ends_at > now, cls.ends_at <= now + WARN_BEFORE)
        return list(db.session.scalars(soon.order_by(cls.ends_at)))


def house_of(who: Account, now: datetime) -> House | None:
    """The house that has seats for this account; only a proven address counts. From memory."""
    if who.email_verified_at is None:
        return None
    return Institution.directory().of_email(who.email, now)


def is_seated(who: Account, now: datetime) -> bool:
    """Whether this account sits on a seat now. No query for who is of no house."""
    house = house_of(who, now)
    return house is not None and Seat.of(who.id, house) is not None


def _directory() -> Directory:
    houses = {
        row.id: House(row.id, row.name, row.seats, row.ends_at, row.contact)
        for row in db.session.scalars(select(Institution))
    }
    if not houses:
        return Directory({}, Ranges([]))
    rows = select(InstitutionDomain.domain, InstitutionDomain.with_subdomains, InstitutionDomain.institution_id)
    domains = {domain: (houses[owner], below) for domain, below, owner in db.session.execute(rows)}
    cidrs = select(InstitutionRange.cidr, InstitutionRange.institution_id)
    pairs = [(range_of(cidr), houses[owner]) for cidr, owner in db.session.execute(cidrs)]
    return Directory(domains, Ranges(pairs), max((house.ends_at for _, house in pairs), default=None))


def _lines(typed: str) -> list[str]:
    return [line.strip() for line in typed.splitlines() if line.strip()]


def _domain(line: str) -> tuple[str, bool]:
    """The domain, and whether its subdomains count too. Raises NotKept."""
    domain = line.lower().removeprefix("*.").removeprefix("@")
    try:
        domain = domain.encode("idna").decode()
    except UnicodeError:
        domain = ""
    if not DOMAIN.fullmatch(domain) or len(domain) > 253:
        raise NotKept("domains", f"{line} is no domain. Write it as uni.example, or *.uni.example with all below it.")
    return domain, line.startswith("*.")


class InstitutionDomain(db.Model):
    """Whose verified e-mail address is of this domain may take a seat."""

    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id", ondelete="CASCADE"), index=True)
    domain: Mapped[str] = mapped_column(unique=True)
    with_subdomains: Mapped[bool] = mapped_column(default=False)

    def __str__(self) -> str:
        return ("*." if self.with_subdomains else "") + self.domain


class InstitutionRange(db.Model):
    """Who comes from one of these addresses reads without an account."""

    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id", ondelete="CASCADE"), index=True)
    cidr: Mapped[str] = mapped_column(unique=True)

    def __str__(self) -> str:
        return self.cidr


class Seat(db.Model):
    """A seat that an account has taken, until it is not used for long or the desk frees it."""

    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id", ondelete="CASCADE"), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    taken_at: Mapped[datetime] = mapped_column(default=utcnow)
    last_used_at: Mapped[datetime] = mapped_column(default=utcnow, index=True)

    __table_args__ = (db.Index("ix_seat_account_id", "account_id"),)

    @classmethod
    def of(cls, account_id: int, house: House) -> "Seat | None":
        return db.session.get(cls, (house.id, account_id))

    @classmethod
    def count(cls, institution_id: int) -> int:
        return db.session.scalar(select(func.count()).where(cls.institution_id == institution_id)) or 0

    @classmethod
    def counts(cls) -> dict[int, int]:
        """Seats taken, by institution."""
        rows = select(cls.institution_id, func.count()).group_by(cls.institution_id)
        return {owner: taken for owner, taken in db.session.execute(rows)}

    @classmethod
    def take(cls, account_id: int, house: House, now: datetime) -> bool:
        """Take a seat if one is free; True also for who has one. The caller has called `begin_write`, and commits.

        The institution's row is locked: of many at once no more than its seats get one.
        """
        locked = select(Institution.seats, Institution.ends_at).where(Institution.id == house.id).with_for_update()
        row = db.session.execute(locked).one_or_none()
        if row is None or row.ends_at <= now:
            return False
        if db.session.get(cls, (house.id, account_id), populate_existing=True):
            return True
        if cls.count(house.id) >= row.seats:
            return False
        db.session.add(cls(institution_id=house.id, account_id=account_id, taken_at=now, last_used_at=now))
        db.session.flush()
        return True

    @classmethod
    def note_use(cls, account_id: int, institution_id: int, now: datetime) -> None:
        """It is in use now. The caller commits."""
        own = update(cls).where(cls.institution_id == institution_id, cls.account_id == account_id)
        db.session.execute(own.where(cls.last_used_at <= now - USED_EVERY).values(last_used_at=now))

    @classmethod
    def free(cls, institution_id: int, account_id: int) -> None:
        own = delete(cls).where(cls.institution_id == institution_id, cls.account_id == account_id)
        db.session.execute(own)

    @classmethod
    def give_back(cls, now: datetime) -> None:
        """Free those not used for long; the worker does so. The caller commits."""
        db.session.execute(delete(cls).where(cls.last_used_at < now - UNUSED))

    @classmethod
    def sitting(cls, institution_id: int) -> list[tuple["Seat", str]]:
        """The seats of an institution with their holders' addresses, last used first."""
        rows = select(cls, Account.email).join(Account, Account.id == cls.account_id)
        ordered = rows.where(cls.institution_id == institution_id).order_by(cls.last_used_at.desc(), Account.email)
        return [(seat, email) for seat, email in db.session.execute(ordered)]


class DayReader(db.Model):
    """One of the different readers whom a house's network brought on one day. Tells nobody who: a keyed hash."""

    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[str] = mapped_column(primary_key=True)  # the publisher's, as 2026-11-28
    reader: Mapped[str] = mapped_column(primary_key=True)

    @classmethod
    def is_in(cls, house: House, day: str, reader: str) -> bool:
        return db.session.get(cls, (house.id, day, reader)) is not None

    @classmethod
    def admit(cls, house: House, day: str, reader: str) -> bool:
        """Let one more reader in if fewer than the seats were in that day. Locks as `Seat.take`; the caller commits."""
        locked = select(Institution.seats).where(Institution.id == house.id).with_for_update()
        seats = db.session.scalar(locked)
        if seats is None:
            return False
        if db.session.get(cls, (house.id, day, reader), populate_existing=True):
            return True
        if cls.count(house.id, day) >= seats:
            return False
        db.session.add(cls(institution_id=house.id, day=day, reader=reader))
        db.session.flush()
        return True

    @classmethod
    def count(cls, institution_id: int, day: str) -> int:
        rows = select(func.count()).where(cls.institution_id == institution_id, cls.day == day)
        return db.session.scalar(rows) or 0

    @classmethod
    def forget(cls, before: str) -> None:
        """Drop earlier days; the worker does so."""
        db.session.execute(delete(cls).where(cls.day < before))
