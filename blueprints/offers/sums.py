"""What the offer page shows: every edition at its price, with the code that was typed or carried by the link."""

from dataclasses import dataclass
from datetime import datetime

from blueprints.offers import guesses
from models import Code, Edition, Offer
from models.pricing import DiscountRefused, Quote, no_such_code, normal_code, quote


@dataclass(frozen=True, slots=True)
class Sums:
    """`chosen` is the edition that is looked at; `code` applies to it; `refusal` says why there is none."""

    chosen: Edition
    quotes: dict[str, Quote]
    code: Code | None
    refusal: str


def reckon(offer: Offer, chosen: Edition, typed: str, now: datetime) -> Sums:
    """Price every edition. A free edition needs no code, so beside it the code is tried on the dearest one."""
    about = chosen if chosen.price.minor else offer.paid_edition
    code, refusal = None, ""
    if typed and about:
        try:
            code = find(typed, about, now)
        except DiscountRefused as refused:
            refusal = str(refused)
    quotes = {edition.slug: price(edition, code, now) for edition in offer.editions}
    return Sums(chosen, quotes, code, refusal)


def find(typed: str, edition: Edition, now: datetime) -> Code:
    """The code, if it can be used for this edition now. Raises DiscountRefused, and counts an unknown one."""
    guessed = guesses.so_far(now)
    if guessed >= guesses.MOST:
        raise guesses.too_many()
    try:
        code = Code.by_text(typed) if normal_code(typed).isprintable() else None  # PostgreSQL takes no NUL
        if code is None:
            raise no_such_code()
        quote(edition.price, code.discount(now), edition.id, now)
    except DiscountRefused as refused:
        if refused.reason == no_such_code().reason:
            guesses.count(now)
        if guessed >= guesses.TELLING:
            raise guesses.too_many() from None
        raise
    return code


def price(edition: Edition, code: Code | None, now: datetime) -> Quote:
    """The edition with the code where it applies, else at its list price."""
    try:
        return quote(edition.price, code.discount(now) if code else None, edition.id, now)
    except DiscountRefused:
        return quote(edition.price, None, edition.id, now)
