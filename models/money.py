"""Sums of money in whole minor units. Pure; the only module that does arithmetic on money, with `pricing`."""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

# Currencies without minor units, and those with three digits (docs.stripe.com/currencies).
ZERO_DECIMAL = frozenset("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split())
THREE_DECIMAL = frozenset("BHD JOD KWD OMR TND".split())
SYMBOLS = {"EUR": "€", "USD": "US$", "GBP": "£", "JPY": "¥", "CNY": "CN¥"}


class CurrencyMismatch(ValueError):
    """Two sums in different currencies met."""


class NotAnAmount(ValueError):
    """The text is not a sum of money; worded for the person who typed it."""


def digits(currency: str) -> int:
    """Decimal places of a currency: 0, 2 or 3."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


@dataclass(frozen=True, slots=True)
class Money:
    """`minor` whole minor units (cents) of `currency` (ISO 4217, capitals)."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError("an amount is a whole number of minor units")
        if not re.fullmatch("[A-Z]{3}", self.currency):
            raise ValueError(f"{self.currency!r} is not a currency code")

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency}")

    def __add__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __lt__(self, other: "Money") -> bool:
        self._same(other)
        return self.minor < other.minor

    def __le__(self, other: "Money") -> bool:
        self._same(other)
        return self.minor <= other.minor

    def share(self, basis_points: int) -> "Money":
        """This part of the sum, half a minor unit rounding up; 3000 basis points are 30 %."""
        return Money((self.minor * basis_points + 5000) // 10_000, self.currency)

    @property
    def figures(self) -> str:
        """The number alone, with its minor units and a comma for thousands: 1,234.50."""
        places = digits(self.currency)
        whole, part = divmod(abs(self.minor), 10**places)
        text = f"{whole:,}" + (f".{part:0{places}d}" if places else "")
        return f"\u2212{text}" if self.minor < 0 else text

    @property
    def short(self) -> str:
        """As people say it: no minor units when they are zero. €10, €7.50."""
        places = digits(self.currency)
        if places and self.minor % 10**places == 0:
            return str(self).removesuffix("." + "0" * places)
        return str(self)

    def __str__(self) -> str:
        sign = "\u2212" if self.minor < 0 else ""
        symbol = SYMBOLS.get(self.currency, f"{self.currency}\u00a0")
        return f"{sign}{symbol}{self.figures.removeprefix(chr(0x2212))}"


def major(money: Money) -> Decimal:
    """In the currency's main unit, exactly: for tables."""
    return Decimal(money.minor).scaleb(-digits(money.currency))


def parse(text: str, currency: str) -> Money:
    """Read what a person typed in major units: "10", "10.50", "10,50", "€ 10".

    Raises NotAnAmount. Only ASCII digits count (full-width ones are refused, so that what is charged is what was
    seen), and no mark that parts thousands: "1,000" is one to some readers and a thousand to others.
    """
    bare = unicodedata.normalize("NFC", text).strip()
    for symbol in (SYMBOLS.get(currency, ""), currency, "$"):
        if symbol:
            bare = bare.removeprefix(symbol).removesuffix(symbol).strip()
    places = digits(currency)
    found = re.fullmatch(f"([0-9]{{1,12}})(?:[.,]([0-9]{{1,{places}}}))?" if places else "([0-9]{1,12})()", bare)
    if not found:
        raise NotAnAmount("Write an amount in figures with no mark for thousands, such as 10, 12.50 or 1000.")
    part = (found[2] or "").ljust(places, "0")
    if places == 3 and part[-1] != "0":  # docs.stripe.com/currencies: charges end in 0 there
        raise NotAnAmount("Write no more than two figures after the point.")
    return Money(int(found[1] + part), currency)
