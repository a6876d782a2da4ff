"""Everything for machines; the views are in the other files, and naming them here registers them."""

from blueprints.feeds import lists, private, sitemaps
from blueprints.feeds.area import bp

__all__ = ["bp", "lists", "private", "sitemaps"]
