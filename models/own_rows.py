"""Which rows are a reader's own. An address that nobody proved gives nobody a right to what it stands on."""

from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, or_

from models.account import Account
from models.comment import Comment
from models.contribution import Contribution, Correction
from models.order import Order
from models.patronage import Donation


def theirs(table: type[Any], who: Account) -> ColumnElement[bool]:
    """The condition for a row of this reader: by account, or by the proven address where no account is named.

    For the tables that hold an address in `email`, with or without an `account_id`.
    """
    proven: ColumnElement[bool] = func.lower(table.email) == who.email if who.email_verified_at else false()
    if not hasattr(table, "account_id"):
        return proven
    return or_(table.account_id == who.id, and_(table.account_id.is_(None), proven))


BY_ADDRESS = (Donation, Order, Comment, Contribution, Correction)
