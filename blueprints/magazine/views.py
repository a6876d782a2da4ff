"""Pages for readers. The views are in the other files; naming them here registers them."""

from blueprints.magazine import (
    archive,
    front,
    glossary,
    lists,
    live,
    media,
    pages,
    read,
    reads,
    search,
    share_images,
    story,
)
from blueprints.magazine.area import bp

__all__ = [
    "archive",
    "bp",
    "front",
    "glossary",
    "lists",
    "live",
    "media",
    "pages",
    "read",
    "reads",
    "search",
    "share_images",
    "story",
]
