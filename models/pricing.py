"""What a buyer pays and why: list price, code, saving, total. Pure."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime

from models.money import Money

# Stripe refuses a charge below about half a dollar (docs.stripe.com/currencies, minimum amounts).
MINIMUM_CHARGE_MINOR = 50


class DiscountRefused(Exception):
    """A code that cannot be used; the text is for the reader, the `reason` for tests and statistics."""

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason


def no_such_code() -> DiscountRefused:
    return DiscountRefused("unknown", "We do not know this code. Check it letter by letter, or go on without it.")


def used_up() -> DiscountRefused:
    return DiscountRefused("exhausted", "This code has been used up: every one of its uses is taken.")


@dataclass(frozen=True, slots=True)
class Discount:
    """What a code promises. `basis_points`: 3000 are 30 %. `uses_left` is None when there is no limit."""

    text: str
    basis_points: int
    editions: frozenset[int]
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    uses_left: int | None = None
    active: bool = True


@dataclass(frozen=True, slots=True)
class Quote:
    """What will be charged, to the minor unit."""

    list_price: Money
    saving: Money

    @property
    def total(self) -> Money:
        return self.list_price - self.saving


def normal_code(typed: str) -> str:
    """The code as stored: full-width letters made plain, white space and invisible marks gone, capitals.

    Look-alikes of other scripts stay what they are, and so match nothing.
    """
    plain = unicodedata.normalize("NFKC", typed)
    return "".join(c for c in plain if not c.isspace() and unicodedata.category(c) != "Cf").upper()


def quote(list_price: Money, discount: Discount | None, edition_id: int, now: datetime) -> Quote:
    """Price one edition. The saving is rounded half up to the minor unit; `now` is aware.

    Raises DiscountRefused. The limit itself is kept by the hold in the database; here it is only worded.
    """
    if discount is None:
        return Quote(list_price, Money(0, list_price.currency))
    if not discount.active:
        raise no_such_code()
    if discount.starts_at and now < discount.starts_at:
        raise DiscountRefused("not-started", f"This code starts on {discount.starts_at:%-d %B %Y}.")
    if discount.ends_at and now >= discount.ends_at:
        raise DiscountRefused("expired", f"This code ended on {discount.ends_at:%-d %B %Y}.")
    if edition_id not in discount.editions:
        raise DiscountRefused("not-applicable", "This code is for something else; it does not apply to this edition.")
    if discount.uses_left is not None and discount.uses_left < 1:
        raise used_up()
    priced = Quote(list_price, list_price.share(discount.basis_points))
    if 0 < priced.total.minor < MINIMUM_CHARGE_MINOR:
        raise DiscountRefused("too-small", "What is left to pay would be too small for a card payment.")
    return priced
