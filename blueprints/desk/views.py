"""Every page of the desk, by task."""

from blueprints.desk import house, liveblog, money, pages, sections, stories
from blueprints.desk.area import bp

PAGES = (stories, liveblog, house, money, sections, pages)  # imported for the addresses they put on `bp`

__all__ = ["PAGES", "bp"]
