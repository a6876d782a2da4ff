"""What a wrong address was meant to lead to: its words, and the stories whose names hold them."""

import re
from dataclasses import replace
from datetime import datetime
from urllib.parse import unquote

from sqlalchemy import select

from models.base import db
from models.related import EMPTY, SHORTEST
from models.search_index import SearchWord, simplified
from models.search_text import Run, fold, question
from models.searching import Hit, find_by_name

MOST_WORDS = 8
# What programs look for, and files: no reader typed these, and no story stands there.
NO_STORY = re.compile(r"/\.|\.(?!html?$|aspx?$)\w{1,8}$|^/(?:wp-|cgi-bin|vendor/|static/|media/|desk/|account)", re.I)
ENDING = re.compile(r"\.(?:html?|aspx?)$", re.I)
# Parts of an address that say what kind of page it was, not which.
KINDS = {"amp", "archive", "archives", "article", "articles", "author", "blog", "category", "feed", "index", "news"}
KINDS |= {"page", "post", "posts", "story", "tag"}


def words_of(path: str) -> str:
    """The words that a reader would have looked for: of the last part that has any. "" for what is no story's."""
    if NO_STORY.search(path):
        return ""
    for part in reversed(path.split("/")):
        words = [word for word in re.split(r"[\W_]+", ENDING.sub("", unquote(part))) if word]
        if any(not word.isdecimal() for word in words) and not set(map(fold, words)) <= KINDS:
            return " ".join(words[:MOST_WORDS])
    return ""


def meant(words: str, now: datetime, most: int) -> tuple[list[Hit], list[Run]]:
    """The newest stories whose title, tags or authors hold these words, and the words that were looked for.

    Looked for is what any story is named by. Of words that none knows, as programs try them by the thousand, one
    small statement is the whole cost; else it is two, or three.
    """
    asked = _known([run for run in question(simplified(words)) if run.is_cjk or _tells(run.text)])
    found = find_by_name(asked, now, most)
    if not found and len(asked) > 1:
        asked = [max(asked, key=lambda run: (run.is_cjk, len(run.text)))]
        found = find_by_name(asked, now, most)
    return found, asked


def _tells(word: str) -> bool:
    return len(word) >= SHORTEST and word not in EMPTY


def _known(asked: list[Run]) -> list[Run]:
    letters = [run.text for run in asked if not run.is_cjk]
    if not letters:
        return asked
    names = set(db.session.scalars(select(SearchWord.word).where(SearchWord.word.in_(letters), SearchWord.is_name)))
    return [replace(run, is_whole=True) for run in asked if run.is_cjk or run.text in names]
