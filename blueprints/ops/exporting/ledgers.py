"""Money, accounts, what they read, and old addresses as CSV: for a bookkeeper's table, and safe to open in one.

Cells are as models/csv_cells.py writes them. Sums are numbers of ours, in major units (of as many places as the
currency has) and in minor ones.
"""

import csv
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from blueprints.ops.exporting.yaml_files import NotTaken
from models import Account, Code, Donation, Order, Payment, Redemption, Redirect
from models.csv_cells import guarded, unguarded
from models.money import Money, major

Lines = Iterator[list[Any]]


def write(path: Path, head: list[str], lines: Iterable[list[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        writer.writerows([guarded(cell) for cell in line] for line in lines)


def read(path: Path) -> Iterator[dict[str, str]]:
    """The lines of a table of ours by the names of its columns. Raises NotTaken."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for line in csv.DictReader(file):
                yield {name: unguarded(cell or "") for name, cell in line.items() if isinstance(name, str)}
    except (csv.Error, UnicodeDecodeError, OSError):
        raise NotTaken(f"{path.name} is not a sound table (CSV, UTF-8).") from None


def payments(rows: Iterable[tuple[Payment, str | None, str | None]]) -> Lines:
    """Each movement with the public ids of its order and of its gift."""
    for row, order, gift in rows:
        yield [row.receipt_number, row.public_id, row.kind, row.moved_at, *sum_of(row.amount), order, gift] + [
            row.card,
            row.stripe_id,
            row.payment_intent,
            row.created_at,
        ]


PAYMENTS = "receipt id kind moved_at amount currency amount_minor order gift card stripe_id payment_intent created_at"


def gifts(rows: Iterable[tuple[Donation, str | None]]) -> Lines:
    """Each with the address of the account that it belongs to."""
    for row, account in rows:
        yield [row.public_id, row.email, row.frequency, *sum_of(row.amount), row.status, row.created_at] + [
            row.paid_at,
            row.patron_until,
            row.stops_at,
            row.customer,
            row.subscription,
            row.checkout_session,
            row.checkout_expires_at,
            account,
        ]


GIFTS = "id email frequency amount currency amount_minor status created_at paid_at patron_until stops_at customer "
GIFTS += "subscription checkout_session checkout_expires_at account"


def orders(rows: Iterable[tuple[Order, str | None, Redemption | None, str | None]]) -> Lines:
    """Each with the address of its account, and with its claim on a code."""
    for row, account, claim, code in rows:
        yield [row.public_id, row.email, row.title, row.edition.offer.slug, row.edition.slug, *sum_of(row.total)] + [
            major(row.list_price),
            row.list_price.minor,
            major(row.saving),
            row.saving.minor,
            row.code_text,
            row.basis_points,
            row.status,
            row.created_at,
            row.paid_at,
            row.consent_at,
            row.downloads,
            row.checkout_session,
            row.checkout_expires_at,
            account,
            code,
            *((claim.state, claim.expires_at, claim.over_limit) if claim else ("", "", "")),
        ]


ORDERS = "id email title offer edition total currency total_minor list_price list_price_minor saving saving_minor code "
ORDERS += "basis_points status created_at paid_at consent_at downloads checkout_session checkout_expires_at account "
ORDERS += "claimed_code claim claim_until claim_over_limit"


def codes(rows: Iterable[Code], uses: dict[int, int]) -> Lines:
    for row in rows:
        yield [row.text, row.public_id, row.basis_points, row.note, row.is_active, row.starts_at, row.ends_at] + [
            row.max_redemptions,
            uses.get(row.id, 0),
            " ".join(sorted(f"{edition.offer.slug}/{edition.slug}" for edition in row.editions)),
            row.created_at,
        ]


CODES = "code id basis_points note active starts_at ends_at most_uses used editions created_at"


def accounts(rows: Iterable[Account]) -> Lines:
    """Without passwords: people who come back sign in by a link, or ask for a new one."""
    for row in rows:
        yield [row.email, row.name, row.role, row.public_id, row.email_verified_at, row.created_at]


ACCOUNTS = "email name role public_id verified created"


def redirects(rows: Iterable[Redirect]) -> Lines:
    for row in rows:
        yield [row.path, row.target, row.created_at]


REDIRECTS = "old new created"


def reading(rows: Iterable[tuple[str, str, str, datetime]]) -> Lines:
    """What readers saved for later, and what they read: theirs, so it comes along."""
    yield from map(list, rows)


READING = "account story what at"


def sum_of(money: Money) -> list[Any]:
    return [major(money), money.currency, money.minor]
