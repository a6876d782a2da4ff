"""What a code takes off, and why it may not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from models.money import Money
from models.pricing import Discount, DiscountRefused, normal_code, quote

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PRICE = Money(40000, "USD")
THIRTY = Discount(text="WHATSONWEIBO30", basis_points=3000, editions=frozenset({7}))


def refusal(discount, price=PRICE, edition=7, now=NOW):
    with pytest.raises(DiscountRefused) as refused:
        quote(price, discount, edition, now)
    return refused.value


def test_thirty_percent_of_four_hundred():
    priced = quote(PRICE, THIRTY, 7, NOW)
    assert (priced.list_price.minor, priced.saving.minor, priced.total.minor) == (40000, 12000, 28000)


def test_no_code_is_the_list_price():
    assert quote(PRICE, None, 7, NOW).total == PRICE


@pytest.mark.parametrize(
    ("minor", "points", "saving"),
    [(105, 5000, 53), (5, 5000, 3), (1, 5000, 1), (1999, 3333, 666), (40000, 10000, 40000)],
)
def test_half_a_cent_is_rounded_up_once(minor, points, saving):
    assert Money(minor, "USD").share(points).minor == saving


def test_the_saving_is_the_exact_share_to_half_a_cent():
    for minor in (*range(0, 1000, 7), 19_99, 99_999, 40_000, 123_456_789):
        for points in (1, 333, 1250, 3000, 3333, 5000, 9999, 10_000):
            exact = Fraction(minor * points, 10_000)
            saving = Money(minor, "USD").share(points).minor
            assert -Fraction(1, 2) < saving - exact <= Fraction(1, 2)
            assert 0 <= saving <= minor


def test_currencies_without_cents():
    priced = quote(Money(1000, "JPY"), replace(THIRTY, basis_points=3330), 7, NOW)
    assert (priced.saving.minor, priced.total.minor) == (333, 667)


def test_a_whole_saving_is_free():
    assert quote(PRICE, replace(THIRTY, basis_points=10_000), 7, NOW).total.minor == 0


def test_each_refusal_has_its_own_sentence():
    refused = {
        "unknown": refusal(replace(THIRTY, active=False)),
        "not-started": refusal(replace(THIRTY, starts_at=NOW + timedelta(days=1))),
        "expired": refusal(replace(THIRTY, ends_at=NOW)),
        "not-applicable": refusal(THIRTY, edition=8),
        "exhausted": refusal(replace(THIRTY, uses_left=0)),
        "too-small": refusal(replace(THIRTY, basis_points=9950), price=Money(6000, "USD")),
    }
    assert {name: error.reason for name, error in refused.items()} == {name: name for name in refused}
    assert len({str(error) for error in refused.values()}) == len(refused)


def test_the_last_second_and_the_first_count():
    window = replace(THIRTY, starts_at=NOW, ends_at=NOW + timedelta(seconds=1))
    assert quote(PRICE, window, 7, NOW).saving.minor == 12000
    assert refusal(window, now=NOW + timedelta(seconds=1)).reason == "expired"
    assert refusal(window, now=NOW - timedelta(microseconds=1)).reason == "not-started"


def test_what_is_left_to_pay_is_never_below_what_stripe_takes():
    half = replace(THIRTY, basis_points=5000)
    assert quote(Money(100, "USD"), half, 7, NOW).total.minor == 50
    assert refusal(half, price=Money(98, "USD")).reason == "too-small"


@pytest.mark.parametrize(
    "typed",
    [
        "WHATSONWEIBO30",
        " whatsonweibo30 ",
        "WhatsOnWeibo30",
        "whats on weibo 30",
        "ＷＨＡＴＳＯＮＷＥＩＢＯ３０",
        "WHATSONWEIBO30\n",
        "\u3000whatsonweibo30",
        "WHATS\u200bONWEIBO30",
        "\ufeffWHATSONWEIBO30",
        "WHATSON\u00adWEIBO30",
    ],
)
def test_a_code_is_the_same_however_it_is_typed(typed):
    assert normal_code(typed) == "WHATSONWEIBO30"


@pytest.mark.parametrize("typed", ["WНATSONWEIBO30", "WHATSΟNWEIBO30", "WHATS-ONWEIBO30", "WHATSONWEIB030", ""])
def test_look_alikes_are_other_codes(typed):
    assert normal_code(typed) != "WHATSONWEIBO30"
