"""Which passwords are refused: the short, and those that a list of common ones leads to. All of it offline.

zxcvbn (D. Wheeler, USENIX Security 2016) knows 30,000 passwords and the most common English words and names, and counts
how many guesses a patient person needs. Its lists take 13 MB and 50 ms, so they are loaded with the first password that
is set, and only in the processes where one is.
"""

import math
import re
from collections.abc import Iterable
from decimal import Decimal
from functools import partial
from typing import Any

SHORTEST = 8  # characters
# What is refused needs fewer guesses than this: beyond it our limits on trying, and a slow hash, are enough.
FEWEST_GUESSES = 1_000_000
LONGEST_LOOK = 32  # characters that are looked at: the time grows with the square of the length
MOST_READINGS = 16  # of signs as letters: "4" may be an a, "1" an i or an l. More would take seconds
SHORTEST_WORD = 3  # characters of a word of the owner's that counts

YEARS = re.compile(r"19\d\d|20[0-4]\d")  # the library's own end with 2019

# What people here begin with, and the English lists rank too low: Dutch and Chinese favourites.
FAVOURITES = (
    "welkom wachtwoord geheim hallo woaini wodemima nihao zhongguo mima 520 1314 5201314 88888888 masthead".split()
)

WHAT_HELPS = "Take three or four words that have nothing to do with each other."
FIRST_GUESS = "This password is among the first that anybody would try."
KNOWN_OF_YOU = "This is little more than your name, your address or ours, and those are no secret."
WEAK = {
    "spatial": "Keys that lie beside each other are guessed soon.",
    "repeat": "The same again and again is guessed soon.",
    "sequence": "Rows like abc or 6543 are guessed soon.",
    "date": "A date is guessed soon.",
    "regex": "A year is guessed soon.",
    "names": "A name is guessed soon.",
    "words": "One common word is guessed soon.",
}
DICTIONARIES = {"own": KNOWN_OF_YOU, "passwords": FIRST_GUESS, "favourites": FIRST_GUESS}
DICTIONARIES |= dict.fromkeys(("surnames", "male_names", "female_names"), WEAK["names"])


def refusal(password: str, about: Iterable[str] = ()) -> str:
    """Why this password will not do, for its reader, and what would; "" when it will.

    `about`: what everybody may know of the owner and the site: address, name, the magazine's name.
    """
    plain = password.strip()
    if len(plain) < SHORTEST:
        return f"The password is too short. Use {SHORTEST} characters or more; several words make a good one."
    guesses, parts = _look(plain[:LONGEST_LOOK], own_words(about))
    if guesses >= FEWEST_GUESSES:
        return ""
    weakest = max(parts, key=lambda part: len(part["token"]))
    if weakest["pattern"] == "dictionary":
        return f"{DICTIONARIES.get(weakest['dictionary_name'], WEAK['words'])} {WHAT_HELPS}"
    return f"{WEAK.get(weakest['pattern'], FIRST_GUESS)} {WHAT_HELPS}"


def own_words(about: Iterable[str]) -> list[str]:
    """Each as it is written, and its parts: robin@example.org is also robin and example."""
    found: dict[str, None] = {}
    for text in about:
        whole = text.strip().casefold()
        for word in (whole, whole.partition("@")[0], *re.split(r"[\W_]+", whole)):
            if len(word) >= SHORTEST_WORD:
                found.setdefault(word)
    return list(found)


def _look(password: str, own: list[str]) -> tuple[Decimal, list[dict[str, Any]]]:
    """How many guesses it needs, and of what it is made.

    The library's own entry is passed by: it would keep the owner's words for all threads to see.
    """
    from zxcvbn import matching, scoring  # 50 ms and 13 MB

    known = matching.RANKED_DICTIONARIES | {
        "favourites": matching.build_ranked_dict(FAVOURITES),
        "own": matching.build_ranked_dict(own),
    }
    looks = [
        matching.dictionary_match,
        matching.reverse_dictionary_match,
        matching.spatial_match,
        matching.sequence_match,
        partial(matching.regex_match, _regexen={"recent_year": YEARS}),
        matching.date_match,
    ]
    signs = matching.relevant_l33t_subtable(password, matching.L33T_TABLE)
    if math.prod(map(len, signs.values())) <= MOST_READINGS:
        looks += [matching.l33t_match, matching.repeat_match]  # the second reads signs as letters too
    found = [match for look in looks for match in look(password, _ranked_dictionaries=known)]
    best = scoring.most_guessable_match_sequence(password, sorted(found, key=lambda match: (match["i"], match["j"])))
    return best["guesses"], best["sequence"]
