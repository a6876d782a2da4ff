"""Straight quotes become typographic ones, in the British way. Pure."""

import re

from models.hanzi import has_hanzi

STRAIGHT = re.compile("['\"]")
CURLY = {"'": "‘’", '"': "“”"}
BEFORE_OPENING = set("([{—–-/‘“《「『【（：")
AFTER_CLOSING = set(")]}.,;:!?")
# Letters left out at the start of a word: '90s, 'em, 'n', 'tis.
APOSTROPHE = re.compile(r"'(?:\d\ds?\b|(?:em|n|til|tis|twas|cause|bout)\b)", re.IGNORECASE)


def curly(text: str) -> str:
    """The same text, as long as before, with every ' and " turned the way it belongs."""
    if not STRAIGHT.search(text):
        return text
    letters, is_open = list(text), {"'": False, '"': False}
    for match in STRAIGHT.finditer(text):
        at, mark = match.start(), match[0]
        before = letters[at - 1] if at else " "
        after = text[at + 1] if at + 1 < len(text) else " "
        if has_hanzi(before) and has_hanzi(after):  # no spaces there to tell by
            opens = not is_open[mark]
        else:
            opens = (before.isspace() or before in BEFORE_OPENING) and not (after.isspace() or after in AFTER_CLOSING)
        if opens and mark == "'" and APOSTROPHE.match(text, at):
            opens = False
        else:
            is_open[mark] = opens
        letters[at] = CURLY[mark][0 if opens else 1]
    return "".join(letters)
