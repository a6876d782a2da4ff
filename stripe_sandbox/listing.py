"""Lists as Stripe pages them, newest first."""

import json
from collections.abc import Sequence
from typing import Any

from .parameters import Params
from .store import Transaction, conditions
from .wire import StripeError, Tree, missing_object

_COMPARE = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def envelope(data: list[Tree], url: str, has_more: bool = False) -> Tree:
    return {"object": "list", "data": data, "has_more": has_more, "url": url}


def page(
    tx: Transaction,
    kind: str,
    url: str,
    params: Params,
    extra: str = "",
    given: Sequence[Any] = (),
    /,
    **fields: Any,
) -> Tree:
    """One page of `kind`.

    `fields` compares values of the object (None: any); `extra` is SQL of our own with values `given`.
    """
    limit = params.get("limit", 10)
    if not 1 <= limit <= 100:
        word = "greater than or equal to 1" if limit < 1 else "less than or equal to 100"
        raise StripeError(f"This value must be {word}.", code="parameter_invalid_integer", param="limit")
    clauses, values = conditions({name: value for name, value in fields.items() if value is not None})
    clauses += extra
    values += given
    for sign, moment in _created(params.get("created")):
        clauses += f" AND created {sign} ?"
        values.append(moment)
    after, before = params.get("starting_after"), params.get("ending_before")
    if after and before:
        raise StripeError("You can only specify one of these parameters: starting_after, ending_before.")
    order = "ASC" if before else "DESC"
    for name, cursor, sign in (("starting_after", after, "<"), ("ending_before", before, ">")):
        if cursor:
            clauses += f" AND seq {sign} ?"
            values.append(_position(tx, kind, cursor, name))
    sql = f"SELECT body FROM object WHERE kind = ? {clauses} ORDER BY seq {order} LIMIT ?"  # noqa: S608 (clauses are ours, values are bound)
    rows = [json.loads(row["body"]) for row in tx.sql(sql, (kind, *values, limit + 1)).fetchall()]
    data = rows[:limit]
    return envelope(data[::-1] if before else data, url, len(rows) > limit)


def _created(wanted: int | dict[str, int] | None) -> list[tuple[str, int]]:
    if wanted is None:
        return []
    if isinstance(wanted, int):
        return [("=", wanted)]
    return [(_COMPARE[name], moment) for name, moment in wanted.items()]


def _position(tx: Transaction, kind: str, id: str, param: str) -> int:
    row = tx.sql("SELECT seq FROM object WHERE kind = ? AND id = ?", (kind, id)).fetchone()
    if row is None:
        raise missing_object(kind, id, param)
    return row["seq"]
