"""Names as addresses: `slugify` keeps the letters of every script. Pure."""

import re
import unicodedata

LONGEST = 80  # characters


def slugify(text: str) -> str:
    """Lower case, words joined by hyphens: "Café #骑手说#" gives "cafe-骑手说". Empty when no letter or digit is left.

    Accents come off Latin letters only; other scripts keep their marks, which are part of the letter there.
    """
    plain = "".join(_without_accent(c) for c in unicodedata.normalize("NFC", text.casefold()))
    plain = re.sub(r"['’]", "", plain)
    kept = "".join(c if unicodedata.category(c)[0] in "LNM" else " " for c in plain)
    words = "-".join(kept.split())
    return words if len(words) <= LONGEST else words[:LONGEST].rpartition("-")[0] or words[:LONGEST]


def _without_accent(letter: str) -> str:
    bare = unicodedata.normalize("NFD", letter)
    return bare[0] if len(bare) > 1 and bare[0].isascii() else letter
