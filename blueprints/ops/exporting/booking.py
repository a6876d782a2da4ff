"""Money back into the books: gifts, orders with their claims on codes, payments; and what readers saved and read.

What a table says is believed, for it is the publisher's own backup: nothing is asked of Stripe here. What Stripe did
since it was written, `flask reconcile` finds, by the same numbers.
"""

from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import select

from blueprints.ops.exporting.storing import find_edition, timed
from blueprints.ops.exporting.yaml_files import NotTaken
from models import Account, Article, Code, Donation, Order, Payment, ReadStory, Redemption, SavedStory, db
from models.code import RedemptionState
from models.money import Money
from models.order import OrderStatus
from models.patronage import DonationStatus, Frequency
from models.payment import PaymentKind

Line = dict[str, Any]
Lines = Iterable[dict[str, str]]


def store_gifts(lines: Lines) -> None:
    rows = list(timed(lines, "created_at", "paid_at", "patron_until", "stops_at", "checkout_expires_at"))
    here, accounts = _here(Donation, "public_id", rows, "id"), _accounts(rows)
    for row in rows:
        if row.get("id") not in here:
            db.session.add(_made(_gift, row, accounts.get(row.get("account", "")), "gifts"))


def _gift(row: Line, account: int | None) -> Donation:
    return Donation(
        public_id=row["id"],
        email=row["email"],
        account_id=account,
        frequency=Frequency(row["frequency"]),
        amount=_sum(row, "amount_minor"),
        status=DonationStatus(row["status"]),
        created_at=row["created_at"],
        paid_at=row["paid_at"],
        patron_until=row["patron_until"],
        stops_at=row["stops_at"],
        customer=row["customer"] or None,
        subscription=row["subscription"] or None,
        checkout_session=row["checkout_session"] or None,
        checkout_expires_at=row["checkout_expires_at"],
    )


def store_orders(lines: Lines) -> None:
    moments = ("created_at", "paid_at", "consent_at", "checkout_expires_at", "claim_until")
    rows = list(timed(lines, *moments))
    here, accounts = _here(Order, "public_id", rows, "id"), _accounts(rows)
    codes = _ids(Code, "text", _said(rows, "claimed_code"))
    for row in rows:
        if row.get("id") in here:
            continue
        order = _made(_order, row, accounts.get(row.get("account", "")), "orders")
        db.session.add(order)
        if row.get("claimed_code") in codes:
            db.session.flush()
            claim = _made(_claim, row, codes[row["claimed_code"]], "orders")
            claim.order_id = order.id
            db.session.add(claim)


def _order(row: Line, account: int | None) -> Order:
    return Order(
        public_id=row["id"],
        email=row["email"],
        account_id=account,
        edition_id=find_edition(f"{row['offer']}/{row['edition']}", "money/orders.csv").id,
        title=row["title"],
        list_price=_sum(row, "list_price_minor"),
        saving=_sum(row, "saving_minor"),
        total=_sum(row, "total_minor"),
        code_text=row["code"],
        basis_points=int(row["basis_points"]),
        status=OrderStatus(row["status"]),
        created_at=row["created_at"],
        paid_at=row["paid_at"],
        consent_at=row["consent_at"],
        downloads=int(row["downloads"]),
        checkout_session=row["checkout_session"] or None,
        checkout_expires_at=row["checkout_expires_at"],
    )


def _claim(row: Line, code: int | None) -> Redemption:
    return Redemption(
        code_id=code,
        state=RedemptionState(row["claim"]),
        expires_at=row["claim_until"],
        over_limit=row["claim_over_limit"] == "yes",
    )


def store_payments(lines: Lines) -> None:
    """With the numbers they had, for receipts name them."""
    rows = list(timed(lines, "moved_at", "created_at"))
    here = _here(Payment, "stripe_id", rows, "stripe_id")
    gifts = _ids(Donation, "public_id", _said(rows, "gift"))
    orders = _ids(Order, "public_id", _said(rows, "order"))
    for row in rows:
        if row.get("stripe_id") not in here:
            payment = _made(_payment, row, None, "payments")
            payment.order_id, payment.donation_id = orders.get(row.get("order", "")), gifts.get(row.get("gift", ""))
            db.session.add(payment)


def _payment(row: Line, _: int | None) -> Payment:
    return Payment(
        id=int(row["receipt"].rpartition("-")[2]),
        public_id=row["id"],
        kind=PaymentKind(row["kind"]),
        stripe_id=row["stripe_id"],
        payment_intent=row["payment_intent"] or None,
        amount=_sum(row, "amount_minor"),
        card=row["card"],
        moved_at=row["moved_at"],
        created_at=row["created_at"],
    )


def store_reading(lines: Lines) -> None:
    """Saved and read stories of those who have an account here."""
    rows = list(timed(lines, "at"))
    accounts, stories = _accounts(rows), _ids(Article, "slug", _said(rows, "story"))
    for row in rows:
        account, story = accounts.get(row.get("account", "")), stories.get(row.get("story", ""))
        if account and story and row["at"]:
            table = SavedStory if row.get("what") == "saved" else ReadStory
            table.keep(account, story, row["at"])


# In the order in which they are taken: payments name gifts and orders.
TABLES: dict[str, Callable[[Lines], None]] = {
    "reading": store_reading,
    "money/gifts": store_gifts,
    "money/orders": store_orders,
    "money/payments": store_payments,
}


def _made(make: Callable[[Line, int | None], Any], row: Line, number: int | None, table: str) -> Any:
    try:
        return make(row, number)
    except (KeyError, TypeError, ValueError):
        raise NotTaken(f"{table}.csv has a line that cannot be read: {row.get('id')}.") from None


def _sum(row: Line, minor: str) -> Money:
    return Money(int(row[minor]), row["currency"])


def _said(rows: list[Line], word: str) -> set[str]:
    return {row[word] for row in rows if row.get(word)}


def _here(model: Any, column: str, rows: list[Line], word: str) -> set[str]:
    return set(_ids(model, column, _said(rows, word)))


def _accounts(rows: list[Line]) -> dict[str, int]:
    return _ids(Account, "email", _said(rows, "account"))


def _ids(model: Any, column: str, values: set[str]) -> dict[str, int]:
    """The numbers of rows by a unique column."""
    unique = getattr(model, column)
    return {value: number for value, number in db.session.execute(select(unique, model.id).where(unique.in_(values)))}
