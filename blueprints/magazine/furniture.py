"""What stands on every page besides the text: links of the foot, and how pictures are cropped."""

import re
from datetime import datetime, timedelta

from flask import Blueprint, current_app

from blueprints.filters import SPACE, local
from models import Page, Term, db, utcnow
from models.article import Status
from models.generation import memo
from models.money import Money, digits
from models.patronage import SUGGESTED, Frequency

# Groups of the foot. A page of ours is linked once somebody has written it.
ALWAYS = {
    "/donate": "Support",
    "/offers": "Offers",
    "/patrons": "Patrons",
    "/archive": "Archive",
    "/popular": "Popular",
    "/feed.xml": "RSS feed",
    "/contribute": "Contribute",
}
GROUPS = (
    ("/about", "/contact", "/contribute", "/archive", "/popular", "/glossary", "/feed.xml"),
    ("/donate", "/patrons", "/offers"),
    ("/privacy", "/terms", "/refunds"),
)
WRITTEN = {"/about": "About", "/contact": "Contact", "/privacy": "Privacy", "/terms": "Terms", "/refunds": "Refunds"}
GLOSSARY = {"/glossary": "Glossary"}  # once a term is explained


def footer_links() -> list[list[tuple[str, str]]]:
    """(address, name) in groups; only what is there."""
    return memo("footer", _footer_links)


def _footer_links() -> list[list[tuple[str, str]]]:
    slugs = [address[1:] for address in WRITTEN]
    written = db.select(Page.slug).where(Page.slug.in_(slugs), Page.status == Status.PUBLISHED)
    explained = db.select(db.literal("glossary")).where(db.exists().where(Term.id.is_not(None)))
    there = set(db.session.scalars(written.union_all(explained)))
    names = ALWAYS | {address: name for address, name in (WRITTEN | GLOSSARY).items() if address[1:] in there}
    groups = ([(address, names[address]) for address in group if address in names] for group in GROUPS)
    return [group for group in groups if group]


def focus(position: str) -> str:
    """The classes for a picture's `object-position` ("20% 50%"), in tenths; "" for the middle or for nonsense.

    Classes, because the security policy lets no page carry a style of its own.
    """
    found = re.fullmatch(r"\s*(\d{1,3})%\s+(\d{1,3})%\s*", position)
    if not found:
        return ""
    across, down = (min(100, (int(part) + 5) // 10 * 10) for part in found.groups())
    return f"focus-x{across} focus-y{down}"


NUMBERS = "No One Two Three Four Five Six Seven Eight Nine Ten Eleven Twelve".split()


def in_words(number: int) -> str:
    """Up to twelve in words, with a capital: they open a line."""
    return NUMBERS[number] if number < len(NUMBERS) else f"{number:,}"


ORDINALS = "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split()


def ordinal(number: int) -> str:
    """The first, the twelfth, the 13th, the 21st."""
    if number < len(ORDINALS):
        return ORDINALS[number]
    ending = "th" if number // 10 % 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{ending}"


def lately(moment: datetime, now: datetime) -> str:
    """When, as short as it can be said: 08.10 today, Mon this week, 12 Nov, 12 Nov 2024."""
    here, today = local(moment), local(now)
    if here.date() == today.date():
        return f"{here:%H.%M}"
    if timedelta(0) < now - moment < timedelta(days=6):
        return f"{here:%a}"
    return (f"{here:%-d %b}" if here.year == today.year else f"{here:%-d %b %Y}").replace(" ", SPACE)


def year(moment: datetime) -> int:
    return local(moment).year


def this_year() -> int:
    return year(utcnow())


def least_gift() -> str:
    """The smallest gift by the month that we suggest: €5."""
    currency = current_app.config["CURRENCY"]
    return Money(SUGGESTED[Frequency.MONTH][0] * 10 ** digits(currency), currency).short


def furnish(bp: Blueprint) -> None:
    for filter_ in (focus, in_words, lately, ordinal, year):
        bp.add_app_template_filter(filter_)

    for global_ in (footer_links, this_year, least_gift):
        bp.add_app_template_global(global_)
