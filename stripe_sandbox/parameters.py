"""Checks and converts what a caller sent, by the TypedDicts that stripe-python ships in `stripe.params`.

So an unknown parameter, a missing one or one of the wrong type is refused with its full bracket path, and
handlers receive real numbers, booleans and lists.
"""

import functools
import re
import sys
import types
import typing
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, Union

import typing_extensions
from stripe._request_options import RequestOptions

from .wire import StripeError, Tree, missing_parameter

MOST_KEYS, LONGEST_KEY, LONGEST_VALUE = 50, 40, 500  # of metadata
_ORDINAL = re.compile(r"0|[1-9]\d{0,4}")
_WHOLE = re.compile(r"[+-]?\d{1,18}")


class Params(dict[str, Any]):
    """The caller's parameters. Remembers which were looked at, so that none is ignored in silence."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.used: set[str] = {"expand"}

    def get(self, name: str, default: Any = None) -> Any:
        self.used.add(name)
        return super().get(name, default)

    def __getitem__(self, name: str) -> Any:
        self.used.add(name)
        return super().__getitem__(name)

    def accept(self, *names: str) -> None:
        """Parameters that change nothing here, and rightly so."""
        self.used.update(names)

    def refuse_unused(self) -> None:
        """Raises for a parameter that Stripe has and this sandbox does not act on."""
        for name in self:
            if name not in self.used:
                raise StripeError(f"This sandbox does not act on the parameter '{name}' yet.", param=name)


@functools.cache
def fields_of(shape: Any) -> dict[str, Any]:
    """Name → type of a TypedDict, without what concerns the client only (keys, retries)."""
    own = {name: hint for name, hint in shape.__annotations__.items() if name not in RequestOptions.__annotations__}
    holder = types.SimpleNamespace(__annotations__=own)
    return typing_extensions.get_type_hints(holder, globalns=vars(sys.modules[shape.__module__]))


def check(tree: Tree, shape: Any) -> Params:
    """The parameters as Python values."""
    return Params(_object(tree, shape, ""))


def _object(tree: Any, shape: Any, path: str) -> Tree:
    if not isinstance(tree, dict):
        raise StripeError(f"Invalid object: {path}", param=path)
    fields = fields_of(shape)
    for name in tree:
        if name not in fields:
            where = f"{path}[{name}]" if path else name
            raise StripeError(f"Received unknown parameter: {where}", code="parameter_unknown", param=where)
    for name in sorted(shape.__required_keys__ & fields.keys()):
        if name not in tree:
            raise missing_parameter(f"{path}[{name}]" if path else name)
    found = {name: convert(value, fields[name], f"{path}[{name}]" if path else name) for name, value in tree.items()}
    if isinstance(found.get("metadata"), dict):
        _check_metadata(found["metadata"], f"{path}[metadata]" if path else "metadata")
    return found


def _check_metadata(given: Tree, path: str) -> None:
    if len(given) > MOST_KEYS:
        raise StripeError(f"Metadata has at most {MOST_KEYS} keys.", param=path)
    for key, value in given.items():
        if len(key) > LONGEST_KEY or len(value) > LONGEST_VALUE:
            raise StripeError(
                f"A metadata key has at most {LONGEST_KEY} characters, a value {LONGEST_VALUE}.",
                param=f"{path}[{key}]",
            )


def convert(value: Any, wanted: Any, path: str) -> Any:
    """`value` (text, or a dict of values) as `wanted`; raises StripeError naming `path`."""
    origin, arguments = typing.get_origin(wanted), typing.get_args(wanted)
    if origin in (Union, types.UnionType):
        return _one_of(value, arguments, path)
    if origin is Literal:
        return _one_of(value, (wanted,), path)
    if origin is list:
        return _list(value, arguments[0], path)
    if origin is dict:
        if not isinstance(value, dict):
            raise StripeError(f"Invalid hash: {path}", param=path)
        return {key: convert(item, arguments[1], f"{path}[{key}]") for key, item in value.items()}
    if typing_extensions.is_typeddict(wanted):
        return _object(value, wanted, path)
    return _scalar(value, wanted, path)


def _one_of(value: Any, choices: tuple[Any, ...], path: str) -> Any:
    """The alternatives of a Union. Literals are closed: Stripe refuses a value it does not list."""
    words = [word for choice in choices if typing.get_origin(choice) is Literal for word in typing.get_args(choice)]
    if isinstance(value, str) and value in words:
        return value
    named = [word for word in words if word != ""]
    rest = [
        choice
        for choice in choices
        if typing.get_origin(choice) is not Literal
        and choice is not type(None)
        and "UntypedStripeObject" not in repr(choice)
        and not (named and choice is str)
    ]
    nested = [choice for choice in rest if typing.get_origin(choice) or typing_extensions.is_typeddict(choice)]
    fitting = nested if isinstance(value, dict) else [choice for choice in rest if choice not in nested]
    for choice in fitting:
        try:
            return convert(value, choice, path)
        except StripeError:
            if len(fitting) == 1:
                raise
    if named:
        listed = ", ".join(named[:-1]) + f", or {named[-1]}" if len(named) > 1 else named[0]
        raise StripeError(f"Invalid {path}: must be one of {listed}", param=path)
    if value == "":
        raise _empty(path)
    raise StripeError(f"Invalid value for {path}", param=path)


def _list(value: Any, wanted: Any, path: str) -> list[Any]:
    if not isinstance(value, dict) or not all(_ORDINAL.fullmatch(key) for key in value):
        raise StripeError(f"Invalid array: {path}", param=path)
    ordered = sorted(value, key=int)
    return [convert(value[key], wanted, f"{path}[{key}]") for key in ordered]


def _scalar(value: Any, wanted: Any, path: str) -> Any:
    if isinstance(value, dict):
        raise StripeError(f"Invalid string: {path} must not be an object or a list", param=path)
    if wanted in (str, Any):
        if len(value) > 5000:
            raise StripeError(f"Invalid string: {path} is too long", code="parameter_invalid_string_blank", param=path)
        return value
    if value == "":
        raise _empty(path)
    if wanted is bool:
        if value not in ("true", "false"):
            raise StripeError(f"Invalid boolean: {value}", param=path)
        return value == "true"
    if wanted is int:
        if not _WHOLE.fullmatch(value):
            raise StripeError(f"Invalid integer: {value}", code="parameter_invalid_integer", param=path)
        return int(value)
    if wanted in (float, Decimal):
        return _number(value, wanted, path)
    raise StripeError(f"This sandbox cannot read the parameter {path}", param=path)


def _number(value: str, wanted: type, path: str) -> Any:
    try:
        number = Decimal(value)
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite():
        raise StripeError(f"Invalid decimal: {value}", param=path)
    return wanted(number)


def _empty(path: str) -> StripeError:
    return StripeError(
        f"An empty value unsets a parameter, and '{path}' cannot be unset: leave it out or give it a value.",
        code="parameter_invalid_empty",
        param=path,
    )
