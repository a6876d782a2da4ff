"""Currencies, least charges and shares of a discount. Amounts are whole minor units."""

from decimal import ROUND_HALF_UP, Decimal

from ..wire import StripeError


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


ZERO_DECIMAL = _codes("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf")
THREE_DECIMAL = _codes("bhd jod kwd omr tnd")
TWO_DECIMAL = _codes(
    """aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd bwp byn bzd cad cdf chf
    cny cop crc cve czk dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gtq gyd hkd hnl htg huf idr ils
    inr isk jmd kes kgs khr kyd kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop mur mvr mwk mxn myr mzn
    nad ngn nio nok npr nzd pab pen pgk php pkr pln qar ron rsd rub sar sbd scr sek sgd shp sle sos srd
    std szl thb tjs top try ttd twd tzs uah ugx usd uyu uzs wst xcd yer zar zmw"""
)
CURRENCIES = ZERO_DECIMAL | TWO_DECIMAL | THREE_DECIMAL
LARGEST = 99_999_999
# The least a charge may be. Stripe publishes these; elsewhere it converts, and we ask for 50 units.
LEAST = {
    "aed": 200,
    "czk": 1500,
    "dkk": 250,
    "gbp": 30,
    "hkd": 400,
    "huf": 17500,
    "jpy": 50,
    "krw": 700,
    "mxn": 1000,
    "myr": 200,
    "nok": 300,
    "pln": 200,
    "ron": 200,
    "sek": 300,
    "thb": 1000,
    "twd": 1600,
    "vnd": 13000,
    "cny": 400,
}
SIGNS = {
    "usd": "US$",
    "eur": "€",
    "gbp": "£",
    "jpy": "¥",
    "aud": "A$",
    "cad": "CA$",
    "hkd": "HK$",
    "nzd": "NZ$",
}


def currency(code: str, param: str) -> str:
    code = code.lower()
    if code not in CURRENCIES:
        raise StripeError(f"Invalid currency: {code}", param=param)
    return code


def least(code: str) -> int:
    return LEAST.get(code, 50)


def check_amount(amount: int, param: str) -> int:
    if amount < 0:
        raise StripeError("Invalid non-negative integer", code="parameter_invalid_integer", param=param)
    if amount > LARGEST:
        raise StripeError(
            f"The amount is larger than the largest one allowed ({LARGEST}).",
            code="amount_too_large",
            param=param,
        )
    return amount


def check_charge(amount: int, code: str, param: str = "amount") -> int:
    """An amount that a card can be charged with."""
    check_amount(amount, param)
    if amount < least(code):
        raise StripeError(
            f"The amount is below the least that can be charged, {show(least(code), code)}.",
            code="amount_too_small",
            param=param,
        )
    if code in THREE_DECIMAL and amount % 10:
        raise StripeError(f"The last digit of an amount in {code} must be 0.", param=param)
    return amount


def percent_of(amount: int, percent: float) -> int:
    """Half up, in minor units."""
    return int((amount * Decimal(str(percent)) / 100).quantize(Decimal(1), ROUND_HALF_UP))


def share(total: int, weights: list[int]) -> list[int]:
    """`total` split in proportion to `weights`; what is left over goes to the largest fractions."""
    whole = sum(weights)
    if whole == 0:
        return [0] * len(weights)
    shares = [total * weight // whole for weight in weights]
    by_fraction = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i))
    for i in by_fraction[: total - sum(shares)]:
        shares[i] += 1
    return shares


def show(amount: int, code: str) -> str:
    """For people: US$280.00, −€5.00, ¥500, CHF 12.50."""
    places = 0 if code in ZERO_DECIMAL else 3 if code in THREE_DECIMAL else 2
    sign = SIGNS.get(code, f"{code.upper()}\u00a0")
    number = f"{Decimal(abs(amount)).scaleb(-places):,.{places}f}"
    return f"{'−' if amount < 0 else ''}{sign}{number}"
