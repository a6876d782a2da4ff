"""`expand`: ids replaced by their objects, and fields that are only there when asked for."""

from typing import Any

from .registry import INCLUDES, REFERENCES, show
from .store import Transaction
from .wire import StripeError, Tree

DEEPEST = 4


def expand(tx: Transaction, reply: Tree, paths: list[str]) -> Tree:
    """The reply with every path followed; raises for one that leads nowhere."""
    for path in paths:
        parts = path.split(".")
        if len([part for part in parts if part != "data"]) > DEEPEST:
            raise StripeError(f"You cannot expand more than {DEEPEST} levels: {path}", param="expand")
        _follow(tx, reply, reply.get("object", ""), "", parts, path)
    return reply


def _follow(tx: Transaction, node: Any, kind: str, trail: str, parts: list[str], path: str) -> None:
    """`node` belongs to an object of `kind`, and stands at `trail` within it."""
    if not parts or node is None:
        return
    if isinstance(node, list):
        for element in node:
            _follow(tx, element, *_identity(element, kind, trail), parts, path)
        return
    name, rest = parts[0], parts[1:]
    here = f"{trail}.{name}".lstrip(".")
    if (kind, here) in INCLUDES and name not in node:
        node[name] = INCLUDES[kind, here](tx, node)
    value = node.get(name)
    target = REFERENCES.get((kind, here))
    if name not in node or (target is None and not isinstance(value, dict | list)):
        raise StripeError(f"This property cannot be expanded ({path}).", param="expand")
    if isinstance(value, str) and target:
        node[name] = value = _object(tx, target, value)
    elif isinstance(value, list) and target and all(isinstance(element, str) for element in value):
        node[name] = value = [_object(tx, target, element) for element in value]
    _follow(tx, value, *_identity(value, kind, here), rest, path)


def _identity(value: Any, kind: str, trail: str) -> tuple[str, str]:
    if isinstance(value, dict) and "object" in value:
        return value["object"], ""
    return kind, trail


def _object(tx: Transaction, kinds: str, id: str) -> Any:
    for kind in kinds.split("|"):
        if found := tx.find(kind, id):
            return show(tx, found)
    return id
