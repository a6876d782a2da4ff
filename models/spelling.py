"""What to offer a reader whose words found nothing: near spellings and parts of them, each of which finds something."""

import re
import unicodedata
from collections.abc import Iterator
from datetime import datetime
from difflib import get_close_matches

from sqlalchemy import func, select

from models.base import db
from models.search_index import SearchWord
from models.search_text import CJK, LONGEST_QUERY, MOST_RUNS, Run
from models.searching import Limits, asked_for, beginning, count

MOST = 5  # questions offered
TRIED = 12  # put to the index before we give up
FEW = 5  # words up to which spelling is looked at
SHORTEST, LONGEST = 4, 20  # letters of a word that may be misspelt
CLOSE = 0.75  # of difflib's ratio
LOOKED_AT = 500  # words with the same beginning and about the same length
LETTERS = "abcdefghijklmnopqrstuvwxyz"
WORD = re.compile(f"#?[{CJK}]+#?|[^\\W_{CJK}]+(?:['’\\-][^\\W_{CJK}]+)*")  # as people see them


def near_questions(typed: str, now: datetime, limits: Limits | None = None) -> list[str]:
    """Questions like the one that found nothing, the likeliest first. Each costs about two small statements to try."""
    said = WORD.findall(unicodedata.normalize("NFC", typed[:LONGEST_QUERY]))[:MOST_RUNS]
    tried = {tuple(asked_for(typed))}
    found: list[str] = []
    for offer in (*_spelt_better(said), *_parts(said)):
        asked = tuple(asked_for(offer))
        if not asked or asked in tried:
            continue
        if len(tried) > TRIED or len(found) == MOST:
            break
        tried.add(asked)
        if count(list(asked), now, 1, limits):  # a word may be of a story that is gone, or not out yet
            found.append(offer)
    return found


def _spelt_better(said: list[str]) -> Iterator[str]:
    """The question with near words of the magazine's in place of those that it does not know."""
    if len(said) > FEW:
        return
    choices = [better(word) for word in said]
    if all(choices):
        for place in range(max(map(len, choices))):
            yield " ".join(words[min(place, len(words) - 1)] for words in choices)


def better(word: str) -> list[str]:
    """The word itself where the magazine knows it, else those near to it."""
    return near(word.casefold()) if any(is_unknown(run) for run in asked_for(word)) else [word]


def is_unknown(run: Run) -> bool:
    return not run.is_cjk and SHORTEST <= len(run.text) <= LONGEST and not beginning(run.text, 1)


def near(word: str, most: int = 3) -> list[str]:
    """Words of titles, tags and authors that differ by little: by one slip of a finger, else by their look."""
    known = select(SearchWord.word).where(SearchWord.word.in_(sorted(slips(word))), SearchWord.is_name)
    found = list(db.session.scalars(known))
    if not found:
        start = word[:2]
        alike = select(SearchWord.word).where(SearchWord.word >= start, SearchWord.word < start + "\U0010ffff")
        alike = alike.where(func.length(SearchWord.word).between(len(word) - 2, len(word) + 2), SearchWord.is_name)
        found = list(db.session.scalars(alike.order_by(SearchWord.word).limit(LOOKED_AT)))
    return get_close_matches(word, sorted(found), most, CLOSE)


def slips(word: str) -> set[str]:
    """Every word that one letter more, less, other or swapped makes."""
    halves = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    less = {a + b[1:] for a, b in halves if b}
    swapped = {a + b[1] + b[0] + b[2:] for a, b in halves if len(b) > 1}
    other = {a + c + b[1:] for a, b in halves if b for c in LETTERS}
    more = {a + c + b for a, b in halves for c in LETTERS}
    return (less | swapped | other | more) - {word}


def _parts(said: list[str]) -> Iterator[str]:
    """All but one of a few words, then each alone, the longest first, then parts of hanzi that stand together."""
    if 2 < len(said) < FEW:
        for place in range(len(said)):
            yield " ".join(said[:place] + said[place + 1 :])
    if len(said) > 1:
        yield from sorted(said, key=_weight, reverse=True)
    for word in said:
        hanzi = word.strip("#")
        if re.match(f"[{CJK}]", hanzi) and len(hanzi) > 2:
            yield from (hanzi[:-1], hanzi[1:])
            yield from (hanzi[i : i + 2] for i in range(len(hanzi) - 1))


def _weight(word: str) -> int:
    """How much a word says: a hanzi as much as three letters."""
    return sum(3 if re.match(f"[{CJK}]", c) else 1 for c in word)
