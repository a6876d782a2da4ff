"""What `make run` runs with: the environment, then DATA/settings.env, then what is made up here and kept."""

import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from processes import Refused

LOOPBACK = re.compile(r"http://127\.0\.0\.1:\d+")
DEMO_PASSWORDS = ("DEMO_READER_PASSWORD", "DEMO_PATRON_PASSWORD", "DEMO_EDITOR_PASSWORD")
NAMED = {
    *("PORT", "SANDBOX_PORT", "DEMO", "SITE_URL", "SECRET_KEY"),
    *("STRIPE_SECRET_KEY", "STRIPE_API_BASE", "STRIPE_WEBHOOK_SECRETS"),
}


class Plan(NamedTuple):
    """One run. `kept` is written to settings.env; `passed` goes to the site, the worker and the commands."""

    port: int
    sandbox_port: int
    sandbox: bool  # False where the settings lead to the real Stripe, or to another stand-in for it
    demo: bool
    kept: dict[str, str]
    passed: dict[str, str]


def plan(environ: dict[str, str], kept: dict[str, str]) -> Plan:
    """Settle a run from the environment and settings.env. Raises Refused for ports that cannot be."""
    asked = {name: environ[name] for name in NAMED if environ.get(name)}  # set to nothing is not set
    port = port_number("PORT", asked.get("PORT") or kept.get("PORT") or "5000")
    beside = kept.get("SANDBOX_PORT") if kept.get("PORT") == str(port) else None
    sandbox_port = port_number("SANDBOX_PORT", asked.get("SANDBOX_PORT") or beside or str(port + 1))
    if port == sandbox_port:
        raise Refused(f"PORT and SANDBOX_PORT are both {port}; the site and the sandbox need one each.")

    keep = {"PORT": str(port), "SANDBOX_PORT": str(sandbox_port)}
    if not kept.get("SECRET_KEY"):
        keep["SECRET_KEY"] = secrets.token_urlsafe(32)
    if LOOPBACK.fullmatch(kept.get("SITE_URL") or "http://127.0.0.1:0"):
        keep["SITE_URL"] = f"http://127.0.0.1:{port}"

    base = f"http://127.0.0.1:{sandbox_port}"
    sandbox = wants_sandbox(asked, kept, base)
    if sandbox:
        keep["STRIPE_API_BASE"] = base
        asked.pop("STRIPE_WEBHOOK_SECRETS", None)  # some real endpoint's; the sandbox makes its own
        if not kept.get("STRIPE_SECRET_KEY"):
            keep["STRIPE_SECRET_KEY"] = "sk_test_" + secrets.token_hex(24)

    passed = {name: value for name, value in {**kept, **keep, **asked}.items() if name in NAMED}
    if not sandbox and "STRIPE_SECRET_KEY" in asked:  # a real key must never go to a sandbox of an earlier run
        for name in ("STRIPE_API_BASE", "STRIPE_WEBHOOK_SECRETS"):
            passed[name] = asked.get(name, "")
    live = passed.get("STRIPE_SECRET_KEY", "").startswith("sk_live_")
    demo = asked.get("DEMO") != "0" and not live and bool(LOOPBACK.fullmatch(passed["SITE_URL"]))
    return Plan(port, sandbox_port, sandbox, demo, keep, passed)


def wants_sandbox(asked: dict[str, str], kept: dict[str, str], base: str) -> bool:
    """Say whether our own sandbox stands in for Stripe: where nobody named a key or an address of theirs."""
    if "STRIPE_API_BASE" in asked:
        return asked["STRIPE_API_BASE"].rstrip("/") == base
    if "STRIPE_SECRET_KEY" in asked:
        return False
    if kept.get("STRIPE_API_BASE"):
        return bool(LOOPBACK.fullmatch(kept["STRIPE_API_BASE"]))
    return not kept.get("STRIPE_SECRET_KEY")


def port_number(name: str, value: str) -> int:
    if value.isascii() and value.isdigit() and 0 < int(value) < 65536:
        return int(value)
    raise Refused(f"{name} is {value!r}; it has to be a number from 1 to 65535.")


def readable_password() -> str:
    """Four words of no language, such as tumo-kiva-resu-palo: 48 bits, easy to type from a screen."""
    syllables = [c + v for c in "bdfgkmnprstvz" for v in "aeiou"]
    words = ("".join(secrets.choice(syllables) for _ in range(2)) for _ in range(4))
    return "-".join(words)


def read_settings(file: Path) -> dict[str, str]:
    """Return NAME=value lines; blank lines and those that begin with # mean nothing."""
    if not file.exists():
        return {}
    lines = (line.strip() for line in file.read_text("utf-8").splitlines())
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def write_settings(file: Path, changes: Mapping[str, str | None]) -> None:
    """Set these names (None takes one out) and leave every other line as it stands.

    The file is whole at every instant, and nobody else can read it.
    """
    old = file.read_text("utf-8").splitlines() if file.exists() else ["# Written by make run; yours to edit."]
    left = dict(changes)
    lines = []
    for line in old:
        name = line.partition("=")[0].strip()
        if name not in changes:
            lines.append(line)
        elif (value := left.pop(name, None)) is not None:
            lines.append(f"{name}={value}")
    lines += [f"{name}={value}" for name, value in left.items() if value is not None]
    if lines == old:
        return
    new = file.with_name(file.name + ".new")
    new.unlink(missing_ok=True)
    with open(new, "w", encoding="utf-8", opener=lambda path, flags: os.open(path, flags | os.O_EXCL, 0o600)) as out:
        out.write("\n".join(lines) + "\n")
        out.flush()
        os.fsync(out.fileno())
    new.replace(file)
