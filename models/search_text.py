"""Make words that any full-text index finds hanzi by. Pure.

A run of hanzi, kana or Hangul becomes overlapping pairs (孟晚舟: 孟晚, 晚舟, 舟) and is asked for as a phrase
of pairs, so that exactly the stories that hold it are found, without a dictionary. Other words stay whole, and three
letters or more find what begins with them. Every word of the index bears a mark (`Tier`) that says how prominent a
place it stands in; what a reader types always gets such a mark too, so that it can reach neither a facet nor the
query's own syntax.
"""

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from models.plain import INLINE

CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003134f"
RUN = re.compile(f"(?P<cjk>[{CJK}]+)|[^\\W_{CJK}]+")
CJK_FIRST = re.compile(f"[{CJK}]")
LETTER = f"[^\\W_{CJK}]"

LONGEST_QUERY = 200  # characters of a question that are looked at
MOST_RUNS = 12
LONGEST_WORD = 40  # letters; a longer word is cut, in the index and in the question
SHORTEST_PREFIX = 3  # letters; shorter words are meant whole: "Xi" is not "Xiaomi"
MOST_BYTES = 900_000  # of one story's words: PostgreSQL refuses a tsvector of a megabyte
LAST_POSITION = 16_000  # PostgreSQL counts places up to 16,383: a longer text begins again at 1

UNHEARD = re.compile(r'<sup class="footnote-ref">.*?</sup>|<rt>.*?</rt>', re.DOTALL)
INLINE_TAG = re.compile(rf"</?(?:{'|'.join(sorted(INLINE))})(?:\s[^>]*)?>")
TAG = re.compile(r"<[^>]*>")


class Tier(StrEnum):
    """How prominent a word stands. Each holds the ones above it too."""

    NAMES = "n"  # title, tags, authors
    LEAD = "l"  # and the standfirst
    WHOLE = "w"  # and the text


class Facet(StrEnum):
    """What else a story can be asked by, with the id of a row: "k3" is category 3."""

    CATEGORY = "k"
    AUTHOR = "p"
    TAG = "t"


class _Folds(dict[int, str]):
    """Each character without case, accents and width, worked out when first met."""

    def __missing__(self, code: int) -> str:
        bare = unicodedata.normalize("NFKD", chr(code).casefold())
        self[code] = unicodedata.normalize("NFC", "".join(c for c in bare if not unicodedata.combining(c)))
        return self[code]


FOLDS = _Folds()


def fold(text: str) -> str:
    """Lower case, no accents, full width to plain, character by character, so that places can be traced back."""
    return unicodedata.normalize("NFC", text).translate(FOLDS)


def words(markup: str) -> str:
    """The text in clean HTML of ours, a line for each block, without marks of footnotes.

    As `plain` (models/plain.py) but a twentieth of the time: the index reads every text, a page of hits ten of them.
    """
    text = TAG.sub("\n", INLINE_TAG.sub("", UNHEARD.sub("", markup)))
    return re.sub(r"\s*\n\s*", "\n", html.unescape(text)).strip()


@dataclass(frozen=True, slots=True)
class Run:
    """One word of a question, folded: a run of hanzi, or a word in letters."""

    text: str
    is_cjk: bool
    is_whole: bool = False  # not the beginning of a longer word

    @property
    def pairs(self) -> list[str]:
        """A run of one character, and a word in letters, are their own only one."""
        if not self.is_cjk or len(self.text) == 1:
            return [self.text]
        return [self.text[i : i + 2] for i in range(len(self.text) - 1)]

    @property
    def is_prefix(self) -> bool:
        return not self.is_cjk and not self.is_whole and len(self.text) >= SHORTEST_PREFIX


def runs(text: str) -> Iterator[Run]:
    for found in RUN.finditer(fold(text)):
        is_cjk = found["cjk"] is not None
        yield Run(found[0] if is_cjk else found[0][:LONGEST_WORD], is_cjk)


def question(text: str) -> list[Run]:
    """What a reader asks for: each run once, in order; empty when there is nothing to look for."""
    return list(dict.fromkeys(runs(text[:LONGEST_QUERY])))[:MOST_RUNS]


def tokens(text: str) -> list[str]:
    """The words of a text in order, without marks: 孟晚舟 gives 孟晚 晚舟 舟. The last keeps neighbours apart."""
    found: list[str] = []
    for run in runs(text):
        if run.is_cjk:
            found += [run.text[i : i + 2] for i in range(len(run.text))]
        else:
            found.append(run.text)
    return found


def document(names: str, lead: str, body: str, facets: Iterable[tuple[Facet, int]]) -> list[str]:
    """What the index keeps of a story: its words in order, each with its tier's mark, then single hanzi and facets."""
    named, led = tokens(names), tokens(lead)
    marked = [f"{facet}{number}" for facet, number in facets]
    for tier, held in ((Tier.NAMES, named), (Tier.LEAD, named + led), (Tier.WHOLE, named + led + tokens(body))):
        marked += [tier + token for token in held]
        marked += sorted({tier + c for token in held if CJK_FIRST.match(token) for c in token})
    return _in_bounds(marked)


def _in_bounds(marked: list[str]) -> list[str]:
    seen: set[str] = set()
    size = 0
    for place, token in enumerate(marked):
        size += 2 if token in seen else len(token.encode()) + 8  # as PostgreSQL keeps it, or a little more
        seen.add(token)
        if size > MOST_BYTES:
            return marked[:place]
    return marked


def letters(marked: Iterable[str], tier: Tier) -> set[str]:
    """The words in letters among a story's words of this tier that a prefix can find."""
    return {m[1:] for m in marked if m[0] == tier and len(m) > SHORTEST_PREFIX and not CJK_FIRST.match(m, 1)}


def as_tsvector(marked: list[str]) -> str:
    """A tsvector as PostgreSQL reads it, made by us so that no parser of its own has a say."""
    places: dict[str, list[int]] = {}
    for place, token in enumerate(marked):
        places.setdefault(token, []).append(place % LAST_POSITION + 1)
    return " ".join(f"'{token}':{','.join(map(str, at[:255]))}" for token, at in places.items())


Expansions = Mapping[str, list[str]]  # the words that begin with a run, where somebody looked them up


def fts5_query(
    asked: Iterable[Run],
    tier: Tier,
    besides: Tier | None = None,
    facets: Iterable[str] = (),
    expansions: Expansions | None = None,
) -> str:
    """A MATCH string: every run in this tier, but not all of them in the tier `besides`.

    FTS5 reads every story of every word that begins with a prefix before it gives the first; words named one by one
    it follows as far as it must. So a run with `expansions` is asked as these words.
    """

    def of(run: Run, mark: Tier) -> str:
        if not run.is_prefix:
            return f'"{" ".join(mark + pair for pair in run.pairs)}"'
        if named := (expansions or {}).get(run.text):
            return f"({' OR '.join(chr(34) + mark + word + chr(34) for word in named)})"
        return f'"{mark}{run.text}"*'

    asked = list(asked)
    query = " AND ".join([*(f'"{facet}"' for facet in facets), *(of(run, tier) for run in asked)])
    return f"({query}) NOT ({' AND '.join(of(run, besides) for run in asked)})" if besides else query


def tsquery(asked: Iterable[Run], tier: Tier, besides: Tier | None = None, facets: Iterable[str] = ()) -> str:
    """The same question as a tsquery's text."""

    def of(run: Run, mark: Tier) -> str:
        if run.is_prefix:
            return f"'{mark}{run.text}':*"
        return "(" + " <-> ".join(f"'{mark}{pair}'" for pair in run.pairs) + ")"

    asked = list(asked)
    query = " & ".join([*(f"'{facet}'" for facet in facets), *(of(run, tier) for run in asked)])
    return f"({query}) & !({' & '.join(of(run, besides) for run in asked)})" if besides else query


def _pattern(run: Run) -> str:
    if run.is_cjk:
        return re.escape(run.text)
    rest = f"{LETTER}*" if run.is_prefix or len(run.text) == LONGEST_WORD else f"(?!{LETTER})"
    return f"(?<!{LETTER}){re.escape(run.text)}{rest}"


def hits(text: str, asked: Iterable[Run], most: int = 40) -> list[tuple[int, int]]:
    """Where the runs stand in a text that is in NFC: (from, to), in order, never overlapping, the first `most`."""
    patterns = [_pattern(run) for run in sorted(asked, key=lambda run: -len(run.text))]
    if not patterns:
        return []
    folded = text.translate(FOLDS)
    found = [match.span() for match in islice(re.finditer("|".join(patterns), folded), most)]
    if not found or all(len(FOLDS[ord(c)]) == 1 for c in set(text)):
        return found
    origin = [place for place, c in enumerate(text) for _ in FOLDS[ord(c)]]
    return [(origin[start], origin[end - 1] + 1) for start, end in found]
