"""Every page of what readers send."""

from blueprints.contribute import corrections, tips
from blueprints.contribute.area import bp

PAGES = (tips, corrections)  # imported for the addresses they put on `bp`

__all__ = ["PAGES", "bp"]
