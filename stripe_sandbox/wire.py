"""How Stripe speaks over HTTP: form bodies with brackets in, JSON and error bodies out."""

import re
from typing import Any
from urllib.parse import parse_qsl

API_VERSION = "2026-10-28.endive"

Tree = dict[str, Any]

_KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)\Z")
_PART = re.compile(r"\[([^\[\]]*)\]")
_DEEPEST = 12


class StripeError(Exception):
    """A refusal as Stripe words it. `keeps`: what was written before it stays (a declined charge)."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        type: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        keeps: bool = False,
        **extra: Any,
    ) -> None:
        super().__init__(message)
        self.status, self.keeps = status, keeps
        self.error: Tree = {"type": type, "message": message}
        if code:
            self.error |= {
                "code": code,
                "doc_url": f"https://docs.stripe.com/error-codes/{code.replace('_', '-')}",
            }
        if param:
            self.error["param"] = param
        self.error |= {name: value for name, value in extra.items() if value is not None}

    @property
    def body(self) -> Tree:
        return {"error": self.error}


def missing_object(kind: str, id: str, param: str | None = "id", status: int = 400) -> StripeError:
    noun = {"checkout.session": "checkout.session", "payment_method": "PaymentMethod"}.get(kind, kind.replace("_", " "))
    if kind in ("payment_intent", "webhook_endpoint"):
        noun = kind
    return StripeError(f"No such {noun}: '{id}'", status=status, code="resource_missing", param=param)


def missing_parameter(param: str) -> StripeError:
    return StripeError(f"Missing required param: {param}.", code="parameter_missing", param=param)


def parse_form(text: str) -> Tree:
    """Nested dicts from `a[b][0][c]=v`. A list stays a dict of its indices: only the type that is wanted
    tells `metadata[0]` from `items[0]`.
    """
    tree: Tree = {}
    for key, value in parse_qsl(text, keep_blank_values=True, max_num_fields=2000):
        match = _KEY.match(key)
        if not match:
            raise StripeError(f"Invalid parameter name: {key}", param=key)
        path = [match[1], *_PART.findall(match[2])]
        if len(path) > _DEEPEST:
            raise StripeError(f"Parameter is nested too deeply: {key}", param=key)
        _place(tree, path, value, key)
    return tree


def _place(tree: Tree, path: list[str], value: str, key: str) -> None:
    node = tree
    for part, following in zip(path, path[1:], strict=False):
        part = part or _open_index(node, following)
        child = node.setdefault(part, {})
        if not isinstance(child, dict):
            raise StripeError(f"Parameter is given both as a value and as an object: {key}", param=key)
        node = child
    last = path[-1] or str(len(node))
    if isinstance(node.get(last), dict):
        raise StripeError(f"Parameter is given both as a value and as an object: {key}", param=key)
    node[last] = value


def _open_index(node: Tree, following: str) -> str:
    """`items[][price]=a&items[][price]=b` starts a second element where the first already has that name."""
    last = str(len(node) - 1)
    return last if last in node and following not in node[last] else str(len(node))
