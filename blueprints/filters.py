"""How values are written for people."""

import hashlib
from datetime import datetime
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

from flask import Flask, current_app, url_for
from markupsafe import Markup, escape

from models import Article, Category, Publication, utcnow
from models.excerpt import overlaid
from models.generation import memo, plain
from models.hanzi import has_hanzi
from models.money import Money

SPACE = "\u00a0"


def local(moment: datetime) -> datetime:
    return moment.astimezone(current_app.config["ZONE"])


def day(moment: datetime) -> str:
    """24 November 2026"""
    return f"{local(moment):%-d %B %Y}".replace(" ", SPACE)


def weekday(moment: datetime) -> str:
    """Tuesday 1 December"""
    return f"{local(moment):%A %-d %B}".replace(" ", SPACE)


def day_short(moment: datetime) -> str:
    """24 Nov 2026"""
    return f"{local(moment):%-d %b %Y}".replace(" ", SPACE)


def clock(moment: datetime) -> str:
    """07.30"""
    return f"{local(moment):%H.%M}"


def clock_in(moment: datetime, zone: str) -> str:
    """The time elsewhere; `zone` is an IANA name."""
    return f"{moment.astimezone(ZoneInfo(zone)):%H.%M}"


def iso(moment: datetime) -> str:
    return local(moment).isoformat(timespec="seconds")


def hanzi(text: str) -> Markup:
    """Plain text with its hanzi and hashtags marked as Chinese."""
    return overlaid(text) if has_hanzi(text) else escape(text)  # a hashtag that is marked holds hanzi


def money(sum_: Money) -> str:
    return str(sum_)


def money_short(sum_: Money) -> str:
    return sum_.short


@cache
def _print_of(path: Path, _changed: float) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10]


def asset(name: str) -> str:
    """The address of a file in static/, with a print of its content, so that it can be kept for a year."""
    path = Path(current_app.static_folder or "static", name)
    return url_for("static", filename=name, v=_print_of(path, path.stat().st_mtime))


# What every page shows is asked for once in each generation, not once in each request.


def sections() -> list[SimpleNamespace]:
    """The categories of the menu."""
    return memo("sections", lambda: [plain(category) for category in Category.in_menu(utcnow())])


def popular() -> list[SimpleNamespace]:
    """Titles and addresses of the few stories that are read most."""
    return memo("popular", lambda: [plain(story) for story in Article.popular(utcnow())])


def init_app(app: Flask) -> None:
    for filter_ in (day, day_short, weekday, clock, clock_in, iso, hanzi, money, money_short):
        app.add_template_filter(filter_)
    app.add_template_global(asset)
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 31536000

    @app.context_processor
    def house() -> dict[str, object]:
        return {
            "site_name": app.config["SITE_NAME"],
            "site_url": app.config["SITE_URL"],
            "sandbox": app.config["SANDBOX"],
            "publication": Publication.said(),
            "nav_categories": sections(),
        }
