"""Holds an object of the sandbox against the annotations that stripe-python ships for the pinned API version.

Strict: what is not Optional must be there, a Literal is closed (the library leaves it open since 16), a key
that no annotation names is refused, and what is nested, listed or expanded is checked as well.
"""

import ast
import functools
import importlib
import inspect
import sys
import types
import typing
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar, Literal, Union

from stripe._list_object import ListObject
from stripe._object_classes import OBJECT_CLASSES, get_object_class
from stripe._stripe_object import StripeObject, UntypedStripeObject


def problems(obj: dict[str, Any], path: str = "") -> list[str]:
    """What is wrong with this object, as `path: reason` lines; empty when nothing is."""
    kind = obj.get("object")
    if kind == "list":
        return _list(obj, Any, path)
    if kind not in OBJECT_CLASSES:
        return [f"{path or 'object'}: {kind!r} is no object of Stripe"]
    if obj.get("deleted") is True:
        return [] if obj.keys() == {"id", "object", "deleted"} else [f"{path}: odd keys on a deleted object"]
    return _against(obj, get_object_class("V1", kind), path or kind)


def _against(obj: dict[str, Any], cls: type, path: str) -> list[str]:
    found: list[str] = []
    fields = annotations_of(cls)
    for name in obj:
        if name not in fields:
            found.append(f"{path}.{name}: unknown key")
    for name, wanted in fields.items():
        here = f"{path}.{name}"
        if name not in obj:
            if not _optional(wanted):
                found.append(f"{here}: missing")
        else:
            found += _check(obj[name], wanted, here)
    return found


@functools.cache
def annotations_of(cls: type) -> dict[str, Any]:
    """Field → type, forward references resolved."""
    scope = dict(vars(sys.modules[cls.__module__])) | _names_for_checkers(cls.__module__)
    scope |= {"ListObject": ListObject, "UntypedStripeObject": UntypedStripeObject, "Decimal": Decimal}
    for owner in _owners(cls):
        scope |= {name: value for name, value in vars(owner).items() if isinstance(value, type)}
    fields = {}
    for name, wanted in cls.__annotations__.items():
        if typing.get_origin(wanted) is ClassVar or name in ("OBJECT_NAME", "_resource_cls"):
            continue
        fields[name] = _resolve(wanted, scope)
    return fields


def _owners(cls: type) -> list[type]:
    """The classes around a nested class, outermost first, and the class itself."""
    owner: Any = sys.modules[cls.__module__]
    chain = []
    for name in cls.__qualname__.split("."):
        owner = getattr(owner, name)
        chain.append(owner)
    return chain


class _Late:
    """A class that is imported only when a value is held against it: the library's modules form circles."""

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name

    def load(self) -> Any:
        return getattr(importlib.import_module(self.module), self.name)


@functools.cache
def _names_for_checkers(module: str) -> dict[str, Any]:
    """What the module imports under TYPE_CHECKING."""
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    names: dict[str, Any] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            for line in ast.walk(node):
                if isinstance(line, ast.ImportFrom) and line.module and "params" not in line.module:
                    for alias in line.names:
                        names[alias.asname or alias.name] = _Late(line.module, alias.name)
    return names


def _resolve(wanted: Any, scope: dict[str, Any]) -> Any:
    """A small tree: a class, or a pair of a word (optional, expandable, list, page, hash, any of, one of) and
    what it is about.
    """
    if isinstance(wanted, str):
        return _from_source(ast.parse(wanted, mode="eval").body, scope)
    if isinstance(wanted, typing.ForwardRef):
        return _resolve(wanted.__forward_arg__, scope)
    origin, arguments = typing.get_origin(wanted), typing.get_args(wanted)
    if origin in (Union, types.UnionType):
        return _union([_resolve(one, scope) for one in arguments])
    if origin is Literal:
        return ("one of", frozenset(arguments))
    if origin is list:
        return ("list", _resolve(arguments[0], scope))
    if origin is ListObject:
        return ("page", _resolve(arguments[0], scope))
    if origin is UntypedStripeObject:
        return ("hash", _resolve(arguments[0], scope))
    return wanted


def _from_source(node: ast.expr, scope: dict[str, Any]) -> Any:
    if isinstance(node, ast.Constant):
        return _resolve(node.value, scope) if isinstance(node.value, str) else type(node.value)
    if isinstance(node, ast.Name):
        return scope[node.id] if node.id in scope else getattr(__import__("builtins"), node.id)
    if isinstance(node, ast.Attribute):
        return getattr(_from_source(node.value, scope), node.attr)
    if isinstance(node, ast.BinOp):
        return _union([_from_source(node.left, scope), _from_source(node.right, scope)])
    if not isinstance(node, ast.Subscript):
        raise TypeError(ast.unparse(node))
    inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    outer = ast.unparse(node.value)
    if outer == "Literal":
        return ("one of", frozenset(ast.literal_eval(word) for word in inner))
    parts = [_from_source(one, scope) for one in inner]
    if outer == "Optional":
        return ("optional", parts[0])
    if outer == "Union":
        return _union(parts)
    names = {
        "ExpandableField": "expandable",
        "List": "list",
        "ListObject": "page",
        "UntypedStripeObject": "hash",
    }
    return (names[outer], parts[0])


def _union(parts: list[Any]) -> Any:
    rest = [part for part in parts if part is not type(None)]
    if any(isinstance(part, tuple) and part[0] == "one of" for part in rest):
        rest = [part for part in rest if part is not str]  # `Literal[...] | str`: the words are what Stripe sends
    whole = rest[0] if len(rest) == 1 else ("any of", rest)
    return ("optional", whole) if len(rest) < len(parts) and type(None) in parts else whole


def _optional(wanted: Any) -> bool:
    return isinstance(wanted, tuple) and wanted[0] == "optional"


def _check(value: Any, wanted: Any, path: str) -> list[str]:
    if isinstance(wanted, _Late):
        wanted = wanted.load()
    if isinstance(wanted, tuple):
        return _compound(value, *wanted, path)
    if wanted is Any or isinstance(wanted, typing.TypeVar):
        return []
    if inspect.isclass(wanted) and issubclass(wanted, StripeObject):
        return _nested(value, wanted, path)
    return _scalar(value, wanted, path)


def _compound(value: Any, kind: str, inner: Any, path: str) -> list[str]:
    if kind == "optional":
        return [] if value is None else _check(value, inner, path)
    if kind == "expandable":
        return [] if isinstance(value, str) else _check(value, inner, path)
    if kind == "one of":
        return [] if value in inner and type(value) in map(type, inner) else [f"{path}: {value!r} is not listed"]
    if kind == "any of":
        tries = [_check(value, one, path) for one in inner]
        return min(tries, key=len)
    if kind == "list":
        if not isinstance(value, list):
            return [f"{path}: not a list"]
        return [line for i, one in enumerate(value) for line in _check(one, inner, f"{path}[{i}]")]
    if kind == "hash":
        if not isinstance(value, dict):
            return [f"{path}: not a hash"]
        return [line for key, one in value.items() for line in _check(one, inner, f"{path}.{key}")]
    return _list(value, inner, path)


def _list(value: Any, inner: Any, path: str) -> list[str]:
    if not isinstance(value, dict) or value.keys() - {"total_count"} != {"object", "data", "has_more", "url"}:
        return [f"{path}: not a list object"]
    found = [] if value["object"] == "list" else [f"{path}.object: not 'list'"]
    found += _scalar(value["has_more"], bool, f"{path}.has_more") + _scalar(value["url"], str, f"{path}.url")
    for i, one in enumerate(value["data"]):
        here = f"{path}.data[{i}]"
        found += problems(one, here) if inner is Any else _check(one, inner, here)
    return found


def _nested(value: Any, cls: type, path: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path}: not an object"]
    if hasattr(cls, "OBJECT_NAME") and value.get("object") != cls.OBJECT_NAME:
        return [f"{path}: not a {cls.OBJECT_NAME}"]
    return _against(value, cls, path)


def _scalar(value: Any, wanted: Any, path: str) -> list[str]:
    if wanted is Decimal:
        try:
            return [] if isinstance(value, str) and Decimal(value).is_finite() else [f"{path}: not a decimal string"]
        except InvalidOperation:
            return [f"{path}: not a decimal string"]
    if wanted is float:
        fits = isinstance(value, int | float) and not isinstance(value, bool)
    elif wanted is int:
        fits = isinstance(value, int) and not isinstance(value, bool)
    elif wanted in (str, bool):
        fits = isinstance(value, wanted)
    else:
        raise TypeError(f"{path}: {wanted!r}")
    return [] if fits else [f"{path}: {value!r} is not {wanted.__name__}"]
