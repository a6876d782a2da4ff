"""Stripe's test cards and the test names of payment methods, and what happens when one is charged.

Source: docs.stripe.com/testing. Cards that ask the bank first (3-D Secure) and those that dispute or fail a
refund later come with the rest of a subscription's life; until then they are refused with a plain sentence.
"""

from dataclasses import dataclass

from ..wire import StripeError


@dataclass(frozen=True)
class Decline:
    code: str
    decline_code: str | None
    message: str


@dataclass(frozen=True)
class Card:
    number: str
    brand: str = "visa"
    funding: str = "credit"
    country: str = "US"
    decline: Decline | None = None
    attaches: bool = True  # whether it can be saved to a customer
    risk: str = "normal"

    @property
    def last4(self) -> str:
        return self.number[-4:]


GENERIC = Decline("card_declined", "generic_decline", "Your card was declined.")
FUNDS = Decline("card_declined", "insufficient_funds", "Your card has insufficient funds.")
LOST = Decline("card_declined", "lost_card", "Your card was declined.")
STOLEN = Decline("card_declined", "stolen_card", "Your card was declined.")
VELOCITY = Decline(
    "card_declined",
    "card_velocity_exceeded",
    "Your card was declined for making repeated attempts too frequently.",
)
FRAUD = Decline("card_declined", "fraudulent", "Your card was declined.")
EXPIRED = Decline("expired_card", "expired_card", "Your card has expired.")
CVC = Decline("incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect.")
PROCESSING = Decline("processing_error", "processing_error", "An error occurred while processing your card. Try again.")
NOT_A_TEST_CARD = Decline(
    "card_declined",
    "test_mode_live_card",
    "Your card was declined: this is test mode, and it is not a test card.",
)

CARDS = {
    card.number: card
    for card in (
        Card("4242424242424242"),
        Card("4000056655665556", funding="debit"),
        Card("5555555555554444", "mastercard"),
        Card("2223003122003222", "mastercard"),
        Card("5200828282828210", "mastercard", "debit"),
        Card("5105105105105100", "mastercard", "prepaid"),
        Card("378282246310005", "amex"),
        Card("371449635398431", "amex"),
        Card("6011111111111117", "discover"),
        Card("3056930009020004", "diners"),
        Card("36227206271667", "diners"),
        Card("3566002020360505", "jcb", country="JP"),
        Card("6200000000000005", "unionpay", country="CN"),
        Card("4000008260000000", country="GB"),
        Card("4000002760000016", country="DE"),
        Card("4000002500000003", country="FR"),
        Card("4000005280000002", country="NL"),
        Card("4000001560000002", country="CN"),
        Card("4000003440000004", country="HK"),
        Card("4000000000000002", decline=GENERIC, attaches=False),
        Card("4000000000009995", decline=FUNDS, attaches=False),
        Card("4000000000009987", decline=LOST, attaches=False),
        Card("4000000000009979", decline=STOLEN, attaches=False),
        Card("4000000000006975", decline=VELOCITY, attaches=False),
        Card("4000000000000069", decline=EXPIRED, attaches=False),
        Card("4000000000000127", decline=CVC, attaches=False),
        Card("4000000000000119", decline=PROCESSING, attaches=False),
        Card("4100000000000019", decline=FRAUD, attaches=False, risk="highest"),
        Card("4000000000000341", decline=GENERIC),
    )
}

NAMED = {
    "pm_card_visa": "4242424242424242",
    "pm_card_visa_debit": "4000056655665556",
    "pm_card_mastercard": "5555555555554444",
    "pm_card_mastercard_debit": "5200828282828210",
    "pm_card_mastercard_prepaid": "5105105105105100",
    "pm_card_amex": "378282246310005",
    "pm_card_discover": "6011111111111117",
    "pm_card_diners": "3056930009020004",
    "pm_card_jcb": "3566002020360505",
    "pm_card_unionpay": "6200000000000005",
    "pm_card_us": "4242424242424242",
    "pm_card_gb": "4000008260000000",
    "pm_card_de": "4000002760000016",
    "pm_card_fr": "4000002500000003",
    "pm_card_nl": "4000005280000002",
    "pm_card_cn": "4000001560000002",
    "pm_card_hk": "4000003440000004",
    "pm_card_chargeDeclined": "4000000000000002",
    "pm_card_visa_chargeDeclined": "4000000000000002",
    "pm_card_visa_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_visa_chargeDeclinedLostCard": "4000000000009987",
    "pm_card_visa_chargeDeclinedStolenCard": "4000000000009979",
    "pm_card_visa_chargeDeclinedVelocityLimitExceeded": "4000000000006975",
    "pm_card_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_chargeDeclinedExpiredCard": "4000000000000069",
    "pm_card_chargeDeclinedIncorrectCvc": "4000000000000127",
    "pm_card_chargeDeclinedProcessingError": "4000000000000119",
    "pm_card_chargeCustomerFail": "4000000000000341",
    "pm_card_radarBlock": "4100000000000019",
}


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Numbers that Stripe documents and this sandbox does not play yet.
LATER = _names(
    """4000002500003155 4000002760003184 4000003800000446 4000008260003178 4000000000003220 4000008400001629
    4000000000000259 4000000000002685 4000000000001976 4000000000005423 4000000000007726 4000000000005126
    4000000000009235 4000000000004954 4000000000000101"""
)
NAMED_LATER = _names(
    """pm_card_authenticationRequired pm_card_authenticationRequiredOnSetup pm_card_threeDSecure2Required
    pm_card_threeDSecureRequired pm_card_threeDSecureOptional pm_card_createDispute pm_card_refundFail
    pm_card_pendingRefund pm_card_riskLevelElevated pm_card_riskLevelHighest pm_card_bypassPending"""
)


def card_named(name: str) -> Card | None:
    """The card behind a test name such as `pm_card_visa`; None when it is no test name."""
    if name in NAMED_LATER:
        raise StripeError(f"This sandbox does not play {name} yet.", param="payment_method")
    return CARDS[NAMED[name]] if name in NAMED else None


def passes_luhn(number: str) -> bool:
    total = 0
    for position, digit in enumerate(reversed(number)):
        value = int(digit) * (1 + position % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
