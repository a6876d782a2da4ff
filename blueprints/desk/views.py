"""Every page of the desk, by task."""

from blueprints.desk import (
    comments,
    console,
    contributions,
    gifts,
    glossary,
    house,
    institutions,
    liveblog,
    money,
    pages,
    pictures,
    redirects,
    sections,
    series,
    staff,
    stories,
)
from blueprints.desk.area import bp

PAGES = (
    comments,
    contributions,
    stories,
    liveblog,
    console,
    gifts,
    glossary,
    house,
    institutions,
    money,
    sections,
    pages,
    pictures,
    redirects,
    series,
    staff,
)  # imported for the addresses they put on `bp`

__all__ = ["PAGES", "bp"]
