"""Pages for readers. The views are in the other files; naming them here registers them."""

from blueprints.magazine import front, lists, media, pages, story
from blueprints.magazine.area import bp

__all__ = ["bp", "front", "lists", "media", "pages", "story"]
