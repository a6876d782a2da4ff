"""What every site works out for itself, always with the same result, and a process of tests needs to work out once.

A test has a site of its own, and more than half of what that cost was this: addresses taken apart and compiled, and
SQL put together for an engine that had never seen any. Both are pure; what a site does with them stays its own.
"""

import gc
from typing import Any

import sqlalchemy
from sqlalchemy import Connection, event
from werkzeug.routing import Rule

COMPILED = ("_parts", "_trace", "_converters", "arguments", "_build", "_build_unknown")
_addresses: dict[object, dict[str, Any]] = {}
_engines: dict[str, Any] = {}


def remember_addresses() -> None:
    """The site's addresses and the sandbox's are compiled once for all maps that know the same kinds of parts."""
    compile_anew = Rule.compile

    def compile_once(rule: Rule) -> None:
        place = rule.host if rule.map.host_matching else rule.subdomain
        kinds = frozenset(rule.map.converters.items())
        key = (place, rule.rule, rule.merge_slashes, repr(rule.defaults), frozenset(rule.arguments), kinds)
        if key not in _addresses:
            compile_anew(rule)
            _addresses[key] = {name: vars(rule)[name] for name in COMPILED}
        vars(rule).update(_addresses[key])
        for name in ("_build", "_build_unknown"):  # methods of the rule that came first
            setattr(rule, name, _addresses[key][name].__func__.__get__(rule))

    Rule.compile = compile_once  # type: ignore[method-assign]


def remember_statements() -> None:
    """A statement is compiled once for all engines of one driver."""

    @event.listens_for(sqlalchemy.Engine, "engine_connect")
    def share_what_is_compiled(connection: Connection) -> None:
        engine: Any = connection.engine
        if getattr(engine.dialect, "_on_connect_isolation_level", None):
            return  # it was made for something special
        dialect, compiled = _engines.setdefault(engine.driver, (engine.dialect, engine._compiled_cache))
        if engine.dialect is not dialect:  # a compiled statement belongs to its dialect
            connection.dialect = engine.dialect = dialect
            engine._compiled_cache = compiled


def keep_what_is_loaded() -> None:
    """It stays to the end: the collector of garbage need not look at all of it again, every few seconds."""
    gc.collect()
    gc.freeze()
