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
        _follow(tx, reply, reply, "", parts, path)
    return reply


def _follow(tx: Transaction, owner: Tree, node: Any, trail: str, parts: list[str], path: str) -> None:
    """`node` stands at `trail` within the object `owner`."""
    if isinstance(node, list):
        for element in node:
            _follow(tx, *_place(element, owner, trail), parts, path)
        return
    if not parts or not isinstance(node, dict):
        return
    kind, name, rest = owner.get("object", ""), parts[0], parts[1:]
    here = f"{trail}.{name}".lstrip(".")
    if (kind, here) in INCLUDES and name not in node:
        node[name] = INCLUDES[kind, here](tx, owner)
    value = node.get(name)
    target = REFERENCES.get((kind, here))
    if name not in node or (target is None and not isinstance(value, dict | list)):
        raise StripeError(f"This property cannot be expanded ({path}).", param="expand")
    if isinstance(value, str) and target:
        node[name] = value = _object(tx, target, value)
    elif isinstance(value, list) and target:
        node[name] = value = [
            _object(tx, target, element) if isinstance(element, str) else element for element in value
        ]
    _follow(tx, *_place(value, owner, here), rest, path)


def _place(value: Any, owner: Tree, trail: str) -> tuple[Tree, Any, str]:
    """Whose `value` is: its own when it is an object itself."""
    if isinstance(value, dict) and "object" in value:
        return value, value, ""
    return owner, value, trail


def _object(tx: Transaction, kinds: str, id: str) -> Any:
    for kind in kinds.split("|"):
        if found := tx.find(kind, id):
            return show(tx, found)
    return id
