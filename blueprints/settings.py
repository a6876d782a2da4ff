"""What can be set: defaults, then DATA/settings.env, then the environment. Unsafe combinations are refused."""

import ipaddress
import os
import re
import sys
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask import Flask

from models.metering import Every

DEFAULTS = {
    "DATA": "instance",
    "PORT": "5000",
    "SANDBOX_PORT": "",
    "SECRET_KEY": "",
    "DATABASE_URL": "",  # empty: SQLite in DATA
    "CACHE_URL": "",
    "SITE_URL": "",
    "SITE_NAME": "Upstairs",
    "MAIL_URL": "",  # smtp://user:password@host:port; empty: files in DATA/mail
    "STRIPE_SECRET_KEY": "",
    "STRIPE_WEBHOOK_SECRETS": "",  # several, parted by commas, while one replaces another
    "STRIPE_API_BASE": "",
    "METER_ANONYMOUS": "3",
    "METER_MEMBER": "6",
    "METER_PERIOD": "month",
    "TIMEZONE": "Europe/Amsterdam",
    "CURRENCY": "EUR",
    "DEMO_READER_PASSWORD": "",
    "DEMO_PATRON_PASSWORD": "",
    "DEMO_EDITOR_PASSWORD": "",
}


class Refused(SystemExit):
    """The settings would be unsafe: one plain sentence, exit code 2."""

    def __init__(self, sentence: str) -> None:
        print(sentence, file=sys.stderr)
        super().__init__(2)


def read_file(path: Path) -> dict[str, str]:
    """`NAME=value` lines; blank lines and those with # in front are passed over."""
    if not path.is_file():
        return {}
    lines = (line.strip() for line in path.read_text().splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def load(app: Flask, overrides: dict | None) -> None:
    """Fill app.config and derive what follows from it."""
    given = {**{name: os.environ[name] for name in DEFAULTS if name in os.environ}, **(overrides or {})}
    data = Path(app.root_path, given.get("DATA") or DEFAULTS["DATA"])
    kept = {name: value for name, value in read_file(data / "settings.env").items() if name in DEFAULTS}
    app.config.from_mapping({**DEFAULTS, **kept, **given, "DATA": data})
    if not app.config["SITE_URL"]:
        app.config["SITE_URL"] = f"http://127.0.0.1:{app.config['PORT']}"
    app.config["SITE_URL"] = app.config["SITE_URL"].rstrip("/")
    key, base = app.config["STRIPE_SECRET_KEY"], app.config["STRIPE_API_BASE"]
    app.config["SANDBOX"] = key.startswith("sk_test_") and bool(base) and is_loopback(base)
    app.config["ZONE"] = zone(app.config["TIMEZONE"])
    app.config["METER_PERIOD"] = one_of(Every, "METER_PERIOD", app.config["METER_PERIOD"])
    for name in ("METER_ANONYMOUS", "METER_MEMBER"):
        app.config[name] = whole(name, app.config[name])
    app.config["SQLALCHEMY_DATABASE_URI"] = database_url(app.config["DATABASE_URL"], data)
    # More than a process of ours has threads (deploy/gunicorn.conf.py): any beyond are made and thrown away each time.
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"pool_size": 10}
    secure = app.config["SITE_URL"].startswith("https://")
    app.config.from_mapping(
        SESSION_COOKIE_NAME="masthead",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,
        REMEMBER_COOKIE_NAME="masthead_remember",
        REMEMBER_COOKIE_SECURE=secure,
        REMEMBER_COOKIE_HTTPONLY=True,
        REMEMBER_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=2 * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
    )


def zone(name: str) -> ZoneInfo:
    """A time zone by its name in the world's list; Refused for any other."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise Refused(f"TIMEZONE is {name!r}: write a place such as Europe/Amsterdam.") from None


def whole(name: str, given: str | int) -> int:
    """A whole number from 0; Refused for anything else."""
    if not re.fullmatch(r"[0-9]{1,6}", str(given).strip()):
        raise Refused(f"{name} is {given!r}: write a whole number, 0 for none at all.")
    return int(given)


def one_of(kind: type[Every], name: str, given: str) -> Every:
    """One of the words that a setting knows; Refused for any other."""
    if given not in set(kind):
        raise Refused(f"{name} is {given!r}: write {', '.join(kind)}.")
    return kind(given)


def database_url(given: str, data: Path) -> str:
    """SQLAlchemy's address of the database; `postgres://` is what some hosts call PostgreSQL."""
    if not given:
        data.mkdir(parents=True, exist_ok=True)
        return f"sqlite:///{data.resolve() / 'masthead.db'}"
    return given.replace("postgres://", "postgresql://", 1) if given.startswith("postgres://") else given


def refuse_unsafe(app: Flask) -> None:
    """Fail closed (design.md, section 4): better no site than one that grants unpaid or takes real money in a demo."""
    key, base = app.config["STRIPE_SECRET_KEY"], app.config["STRIPE_API_BASE"]
    live = key.startswith(("sk_live_", "rk_live_"))
    if live and base:
        raise Refused("STRIPE_SECRET_KEY is a live key but STRIPE_API_BASE points elsewhere: remove one of them.")
    if live and app.debug:
        raise Refused("STRIPE_SECRET_KEY is a live key and debug is on: turn debug off.")
    if base and not is_loopback(base):
        raise Refused("STRIPE_API_BASE must be an address on this machine (127.0.0.1): it is for the sandbox only.")
    if key and not key.startswith(("sk_test_", "sk_live_", "rk_test_", "rk_live_")):
        raise Refused("STRIPE_SECRET_KEY does not look like a secret key: it begins with sk_test_ or sk_live_.")
    if app.config["SANDBOX"] and not is_loopback(app.config["SITE_URL"]):
        raise Refused("SITE_URL is public but payments go to the sandbox: set a real STRIPE_SECRET_KEY.")
    if not app.config["SECRET_KEY"]:
        raise Refused("SECRET_KEY is not set. `make run` writes one to DATA/settings.env; or set a long random text.")
    if not is_command() and missing_for_serving(app):
        raise Refused(missing_for_serving(app))


def is_command() -> bool:
    """Whether this process is `flask <command>`, which serves nobody and may do without Stripe."""
    return os.environ.get("FLASK_RUN_FROM_CLI") == "true" and sys.argv[1:2] != ["run"]


def missing_for_serving(app: Flask) -> str:
    """What a site needs beyond a command: a sentence that says what is missing, else ""."""
    if not app.config["STRIPE_SECRET_KEY"]:
        return (
            "STRIPE_SECRET_KEY is not set, so the site will not serve. Run `make run` for the sandbox, "
            "or set a key of Stripe's (sk_test_… or sk_live_…)."
        )
    if not app.config["STRIPE_WEBHOOK_SECRETS"]:
        return (
            "STRIPE_WEBHOOK_SECRETS is not set, so no payment could be recorded. "
            "Set the signing secret (whsec_…) of your webhook endpoint."
        )
    return ""
