"""How values are written for people."""

import hashlib
import time
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

from flask import Flask, current_app, render_template
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from models import Article, Category, Publication, utcnow
from models.excerpt import overlaid
from models.generation import memo, plain
from models.hanzi import has_hanzi
from models.money import Money

SPACE = "\u00a0"
MONTHS = "January February March April May June July August September October November December".split()


def local(moment: datetime) -> datetime:
    return moment.astimezone(current_app.config["ZONE"])


def day(moment: datetime) -> str:
    """24 November 2026"""
    here = local(moment)
    return f"{here.day}{SPACE}{MONTHS[here.month - 1]}{SPACE}{here.year}"


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


# The same few titles and names stand on page after page. `typed`: a text and HTML of the same letters are not the same.
@lru_cache(maxsize=4096, typed=True)
def hanzi(text: str) -> Markup:
    """Plain text with its hanzi and hashtags marked as Chinese."""
    return overlaid(text) if has_hanzi(text) else escape(text)  # a hashtag that is marked holds hanzi


def money(sum_: Money) -> str:
    return str(sum_)


def money_short(sum_: Money) -> str:
    return sum_.short


_assets: dict[str, tuple[float, str]] = {}  # until when each address is right


def asset(name: str) -> str:
    """The address of a file in static/, with a print of its content, so that it can be kept for a year.

    The file is looked at once a second: who works on it sees it change.
    """
    until, address = _assets.get(name, (0.0, ""))
    if time.monotonic() >= until:
        print_ = hashlib.sha256(Path(current_app.static_folder or "static", name).read_bytes()).hexdigest()[:10]
        address = f"{current_app.static_url_path}/{name}?v={print_}"
        _assets[name] = time.monotonic() + 1, address
    return address


# What every page shows is asked for once in each generation, not once in each request.


def sections() -> list[SimpleNamespace]:
    """The categories of the menu."""
    return memo("sections", lambda: [plain(category) for category in Category.in_menu(utcnow())])


def popular() -> list[SimpleNamespace]:
    """Titles and addresses of the few stories that are read most."""
    return memo("popular", lambda: [plain(story) for story in Article.popular(utcnow())])


@pass_context
def kept(page: Context, template: str, current: str = "") -> Markup:
    """A part that every visitor's page has alike, made once in each generation; for who is signed in, made anew.

    Whose page it is, the page says, not the request: what is made for everybody may be asked for by somebody.
    """

    def made() -> Markup:
        return Markup(render_template(template, account=page["account"], current=current))  # noqa: S704

    return made() if page["account"] else memo(f"{template} {current}", made)


def init_app(app: Flask) -> None:
    for filter_ in (day, day_short, weekday, clock, clock_in, iso, hanzi, money, money_short):
        app.add_template_filter(filter_)
    for global_ in (asset, kept, popular, sections):
        app.add_template_global(global_)
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 31536000

    @app.context_processor
    def house() -> dict[str, object]:
        return {
            "site_name": app.config["SITE_NAME"],
            "site_url": app.config["SITE_URL"],
            "sandbox": app.config["SANDBOX"],
            "publication": Publication.said(),
        }
