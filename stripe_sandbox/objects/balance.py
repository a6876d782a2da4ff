"""The account's balance: one entry for each movement of money, fee included."""

import stripe.params as shapes

from ..listing import page
from ..parameters import Params
from ..registry import SHOWN, refers, route
from ..store import Transaction, new_id
from ..wire import Tree

refers("balance_transaction", source="charge|refund")
SETTLES_AFTER = 2 * 24 * 3600
RATE_BASIS_POINTS = 290
FIXED = {"usd": 30, "eur": 25, "gbp": 20, "jpy": 0}


def show_entry(tx: Transaction, entry: Tree) -> Tree:
    return entry | {"status": "available" if entry["available_on"] <= tx.now else "pending"}


SHOWN["balance_transaction"] = show_entry


def fee_of(amount: int, currency: str) -> int:
    """2.9 % and a fixed part, as Stripe's list price in the United States."""
    return min(amount, (amount * RATE_BASIS_POINTS + 5000) // 10000 + FIXED.get(currency, 30))


def enter(tx: Transaction, type: str, source: Tree, amount: int, currency: str, description: str | None = None) -> Tree:
    """Books `amount` (negative: out). Only charges pay a fee; a refund does not give it back."""
    charged = type in ("charge", "payment")
    fee = fee_of(amount, currency) if charged else 0
    details = [
        {
            "amount": fee,
            "application": None,
            "currency": currency,
            "description": "Stripe processing fees",
            "type": "stripe_fee",
        }
    ]
    return tx.insert(
        {
            "id": new_id("txn_1"),
            "object": "balance_transaction",
            "amount": amount,
            "available_on": tx.now + (SETTLES_AFTER if charged else 0),
            "balance_type": "payments",
            "created": tx.now,
            "currency": currency,
            "description": description,
            "exchange_rate": None,
            "fee": fee,
            "fee_details": details if charged else [],
            "net": amount - fee,
            "reporting_category": "charge" if charged else "refund",
            "source": source["id"],
            "status": "pending" if charged else "available",
            "type": type,
        }
    )


@route("GET", "/v1/balance_transactions", shapes.BalanceTransactionListParams)
def list_entries(tx: Transaction, params: Params) -> Tree:
    return page(
        tx,
        "balance_transaction",
        "/v1/balance_transactions",
        params,
        type=params.get("type"),
        source=params.get("source"),
        currency=params.get("currency"),
    )


@route("GET", "/v1/balance_transactions/<id>", shapes.BalanceTransactionRetrieveParams)
def get_entry(tx: Transaction, params: Params, id: str) -> Tree:
    return tx.get("balance_transaction", id)


@route("GET", "/v1/balance", shapes.BalanceRetrieveParams)
def get_balance(tx: Transaction, params: Params) -> Tree:
    sums: dict[str, dict[str, int]] = {"available": {}, "pending": {}}
    for entry in tx.where("balance_transaction"):
        side = sums["available" if entry["available_on"] <= tx.now else "pending"]
        side[entry["currency"]] = side.get(entry["currency"], 0) + entry["net"]

    def amounts(side: dict[str, int]) -> list[Tree]:
        return [
            {"amount": amount, "currency": currency, "source_types": {"card": amount}}
            for currency, amount in sorted(side.items())
        ]

    return {
        "object": "balance",
        "available": amounts(sums["available"]),
        "livemode": False,
        "pending": amounts(sums["pending"]),
    }
