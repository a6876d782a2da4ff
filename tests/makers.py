"""Rows with sensible defaults: a test names only what it is about. Each commits."""

import itertools
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from blueprints.login import hash_password
from models import (
    Account,
    Article,
    Author,
    Category,
    Code,
    Donation,
    Edition,
    Institution,
    Offer,
    Publication,
    Role,
    begin_write,
    db,
)
from models.article import Status
from models.metering import Access
from models.money import Money
from models.patronage import DonationStatus, Frequency

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PASSWORD = "a long enough password"
_numbers = itertools.count(1)


def keep(*rows: Any) -> Any:
    """Save rows; returns the first."""
    begin_write()
    db.session.add_all(rows)
    db.session.commit()
    return rows[0]


def make_category(**given: Any) -> Category:
    number = next(_numbers)
    return keep(Category(**{"slug": f"category-{number}", "name": f"Category {number}", "hanzi": "社会"} | given))


def make_author(**given: Any) -> Author:
    number = next(_numbers)
    return keep(Author(**{"slug": f"author-{number}", "name": f"Author {number}", "bio": "Writes."} | given))


def make_article(source: str = "First paragraph.\n\nSecond.\n\nThird.\n\nFourth.", **given: Any) -> Article:
    """A published free story; `authors` and `tags` take rows."""
    number = next(_numbers)
    authors = given.pop("authors", [])
    article = Article(
        **{
            "slug": f"story-{number}",
            "title": f"Story {number}",
            "standfirst": "What it is about.",
            "status": Status.PUBLISHED,
            "access": Access.FREE,
            "published_at": NOON - timedelta(hours=number),
        }
        | given
    )
    article.write(source)
    keep(article)
    if authors:
        begin_write()
        article.set_authors(authors)
        db.session.commit()
    return article


@cache
def hashed(password: str) -> str:
    """Hashed as the site does it, once in a process: slow on purpose, and the same password for almost everybody."""
    return hash_password(password)


def make_account(email: str = "", *, verified: bool = True, password: str = PASSWORD, **given: Any) -> Account:
    """An account whose password is PASSWORD."""
    email = email or f"reader{next(_numbers)}@example.org"
    return keep(
        Account(
            **{
                "email": email,
                "name": "Robin",
                "role": Role.READER,
                "password_hash": hashed(password),
                "email_verified_at": NOON if verified else None,
            }
            | given
        )
    )


def make_patron(email: str = "", **given: Any) -> Account:
    account = make_account(email, **given)
    keep(
        Donation(
            email=account.email,
            account_id=account.id,
            frequency=Frequency.MONTH,
            amount=Money(1000, "EUR"),
            status=DonationStatus.PAID,
            paid_at=NOON,
            patron_until=datetime(2100, 1, 1, tzinfo=UTC),
        )
    )
    return account


def make_editor(email: str = "editor@example.org") -> Account:
    return make_account(email, role=Role.EDITOR)


def make_institution(domains: str = "", ranges: str = "", **given: Any) -> Institution:
    """A library with two seats, that reads by these domains and ranges, one a line. Raises NotKept."""
    ends_at = datetime.now(UTC) + timedelta(days=200)
    row = Institution(**{"name": "City Library", "seats": 2, "ends_at": ends_at, "contact": "ill@city.example"} | given)
    begin_write()
    db.session.add(row)
    db.session.flush()
    row.set_domains(domains)
    row.set_ranges(ranges)
    db.session.commit()
    return row


def make_offer(**given: Any) -> Offer:
    """The China Internet Report with its free and its Pro Edition at US$400.00."""
    offer = Offer(
        **{
            "slug": "china-internet-report",
            "title": "China Internet Report 2026",
            "partner": "China Internet Desk",
            "disclosure": "We keep a share of each copy.",
            "contents": [{"title": "Rules", "page": 8}],
        }
        | given
    )
    offer.editions = [
        Edition(slug="free", name="Free edition", pages=55, price=Money(0, "USD"), file="free.pdf", position=0),
        Edition(slug="pro", name="Pro Edition", pages=138, price=Money(40000, "USD"), file="pro.pdf", position=1),
    ]
    keep(
        Publication(
            id=1,
            motto="",
            colophon="",
            wordmark_hanzi="",
            publisher="Stichting Bovenburen",
            address="Oudegracht 999, Utrecht",
            email="desk@example.org",
        )
    )
    return keep(offer)


def make_code(offer: Offer, text: str = "WHATSONWEIBO30", **given: Any) -> Code:
    """30 % off the Pro Edition."""
    editions = given.pop("editions", [offer.edition("pro")])
    code = Code(**{"text": text, "basis_points": 3000, "note": "For readers"} | given)
    code.editions = editions
    return keep(code)


def sign_in(client: Any, account: Account, password: str = PASSWORD) -> None:
    reply = client.post("/account/login", data={"email": account.email, "password": password})
    assert reply.status_code == 303, reply.status_code
