"""Sums are whole minor units: read as people write them, and never guessed."""

import pytest

from models.money import CurrencyMismatch, Money, NotAnAmount, parse


@pytest.mark.parametrize(
    ("typed", "minor"),
    [
        ("10", 1000),
        ("10.5", 1050),
        ("10,50", 1050),
        ("19.99", 1999),
        (" € 10 ", 1000),
        ("10 EUR", 1000),
        ("1250.00", 125000),
        ("0.01", 1),
        ("007", 700),
    ],
)
def test_what_people_write_is_read(typed, minor):
    assert parse(typed, "EUR") == Money(minor, "EUR")


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "nan",
        "inf",
        "Infinity",
        "1e309",
        "1e3",
        "-5",
        "−5",
        "+5",
        "０５",
        "９",
        "٥",
        "0.004",
        "1.234.5",
        "1,000",
        "1.000",
        "1,250.00",
        "1.250,00",
        "12.505",
        "1,2,3",
        "10.",
        ".5",
        "5.",
        "10..5",
        "1_000",
        "0x10",
        "ten",
        "10 20",
        "1000000000000000000",
        "<b>5</b>",
        "5\x00",
    ],
)
def test_what_could_mean_something_else_is_refused(typed):
    with pytest.raises(NotAnAmount):
        parse(typed, "EUR")


def test_every_sum_below_a_thousand_comes_back_to_the_cent():
    for minor in range(100_000):
        written = f"{minor // 100}.{minor % 100:02d}"
        assert parse(written, "USD").minor == minor
        assert Money(minor, "USD").figures.replace(",", "") == written


def test_currencies_have_the_digits_they_have():
    assert parse("1000", "JPY") == Money(1000, "JPY")
    assert str(Money(1000, "JPY")) == "¥1,000"
    assert parse("5.12", "KWD") == Money(5120, "KWD")
    for typed, currency in (("10.50", "JPY"), ("5.124", "KWD"), ("0.004", "EUR")):
        with pytest.raises(NotAnAmount):
            parse(typed, currency)


def test_written_for_people():
    assert str(Money(28000, "USD")) == "US$280.00"
    assert str(-Money(12000, "USD")) == "−US$120.00"
    assert Money(123456789, "EUR").figures == "1,234,567.89"
    assert Money(1000, "EUR").short == "€10"
    assert Money(1050, "EUR").short == "€10.50"


def test_currencies_never_mix():
    for mix in (lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a < b, lambda a, b: a <= b):
        with pytest.raises(CurrencyMismatch):
            mix(Money(1, "EUR"), Money(1, "USD"))


@pytest.mark.parametrize("wrong", [1.0, True, "1", None])
def test_only_whole_minor_units_are_a_sum(wrong):
    with pytest.raises(TypeError):
        Money(wrong, "EUR")


def test_a_currency_is_three_capitals():
    for wrong in ("eur", "EU", "EURO", "", "€"):
        with pytest.raises(ValueError, match="not a currency"):
            Money(1, wrong)
