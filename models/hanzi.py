"""Chinese characters in mixed text: find them, count them, mark them. Pure."""

import math
import re
from collections.abc import Iterator

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
# A run of hanzi may hold Chinese punctuation, Latin and digits between hanzi ("一带一路2026年"), never at its ends
# except for closing marks that belong to it.
RUN = re.compile(
    f"[《「『【（“]?[{HAN}](?:[{HAN}\u3000-\u303f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65]"
    f"|[·—…0-9](?=[{HAN}·—…0-9])|[“”‘’](?=[{HAN}]))*"
)
HASHTAG = re.compile(f"#(?=[^#\\s]*[{HAN}])[^#\\s]{{1,60}}#")
ANY = re.compile(f"[{HAN}]")
WORD = re.compile(f"[^\\W_{HAN}]+(?:['’\\-][^\\W_{HAN}]+)*")

WORDS_A_MINUTE = 230  # English prose, adults (Brysbaert 2019: 238)
HANZI_A_MINUTE = 260  # Chinese prose, adults, silent reading (Brysbaert 2019)


def has_hanzi(text: str) -> bool:
    return not text.isascii() and ANY.search(text) is not None


def is_hanzi(text: str) -> bool:
    """Whether the text is hanzi and punctuation only: a whole line to be set as Chinese."""
    return has_hanzi(text) and not re.search(f"[^\\W\\d_{HAN}]", text)


def pieces(text: str) -> Iterator[tuple[str, str]]:
    """Part a text into ("text" | "hanzi" | "hashtag", piece), in order; joined they are the text again."""
    at = 0
    tag, run = HASHTAG.search(text), RUN.search(text)
    while tag or run:
        first = min((m for m in (tag, run) if m), key=lambda m: (m.start(), m is run))
        if first.start() > at:
            yield "text", text[at : first.start()]
        yield ("hashtag" if first is tag else "hanzi"), first[0]
        at = first.end()
        if tag and tag.start() < at:  # looked for again only when passed, or a long text takes for ever
            tag = HASHTAG.search(text, at)
        if run and run.start() < at:
            run = RUN.search(text, at)
    if at < len(text):
        yield "text", text[at:]


def count(text: str) -> tuple[int, int]:
    """(words, hanzi): a Latin word counts once, a hanzi counts each."""
    return len(WORD.findall(text)), len(re.findall(f"[{HAN}]", text))


def reading_minutes(words: int, hanzi: int) -> int:
    """Whole minutes, at least one."""
    return max(1, math.ceil(words / WORDS_A_MINUTE + hanzi / HANZI_A_MINUTE))
