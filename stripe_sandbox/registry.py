"""Which function answers which call, and how each kind of object is shown and expanded.

The files in `objects/` fill these tables with decorators; `api.py` reads them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from werkzeug.routing import Map, Rule

from .parameters import Params
from .store import Transaction
from .wire import Tree

Act = Callable[..., Tree]


@dataclass(frozen=True)
class Route:
    method: str
    path: str
    shape: Any  # a TypedDict of stripe.params
    act: Act


ROUTES: list[Route] = []
# kind → what of a stored object depends on the moment (a coupon's `valid`)
SHOWN: dict[str, Callable[[Transaction, Tree], Tree]] = {}
# (kind, dotted field) → the kind of object whose id stands there
REFERENCES: dict[tuple[str, str], str] = {}
# (kind, dotted field) → makes a field that is only there when asked for, from the object it belongs to
INCLUDES: dict[tuple[str, str], Callable[[Transaction, Tree], Any]] = {}
# kind → what time alone does to it
WHEN_DUE: dict[str, Callable[[Transaction, Tree], None]] = {}


def route(method: str, path: str, shape: Any) -> Callable[[Act], Act]:
    """The function gets the transaction, the checked parameters, and the ids from the path."""

    def register(act: Act) -> Act:
        ROUTES.append(Route(method, path, shape, act))
        return act

    return register


def url_map() -> Map:
    return Map(
        [Rule(route.path, methods=[route.method], endpoint=route) for route in ROUTES],
        strict_slashes=False,
        merge_slashes=False,
    )


def refers(kind: str, **fields: str) -> None:
    """`refers("charge", customer="customer")`: `__` in a name stands for a dot."""
    for name, target in fields.items():
        REFERENCES[kind, name.replace("__", ".")] = target


def show(tx: Transaction, obj: Tree) -> Tree:
    if not obj.get("deleted") and obj.get("object") in SHOWN:
        return SHOWN[obj["object"]](tx, obj)
    return obj


def metadata(params: Params, before: Tree | None = None) -> Tree:
    """Metadata after this call: an empty value removes a key, an empty whole removes all."""
    given = params.get("metadata")
    return merge_metadata(before or {}, given)


def merge_metadata(before: Tree, given: Tree | str | None) -> Tree:
    if isinstance(given, str):
        return {}
    return {key: value for key, value in (before | (given or {})).items() if value != ""}
