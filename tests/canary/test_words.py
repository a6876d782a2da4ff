"""The ear itself: it hears a canary through everything that an answer may do to a text."""

import base64
import gzip
import html
import json
from urllib.parse import quote

import pytest

from models.plain import cut
from models.search_text import fold, tokens
from tests.canary.words import Aviary

WRAPPED = {
    "as it is": lambda text: text,
    "cut": lambda text: cut(text, 30),
    "in capitals": str.upper,
    "folded": fold,
    "in an address": quote,
    "in HTML": html.escape,
    "as references": lambda text: "".join(f"&#x{ord(letter):x};" for letter in text),
    "in JSON": json.dumps,
    "marked in its middle": lambda text: text.replace("xq", "<mark>x</mark>q"),
    "with soft hyphens": lambda text: "\u00ad".join(text),
    "packed": lambda text: base64.b64encode(b"z" + text.encode()).decode(),
    "packed for addresses": lambda text: "token=" + base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "as words of an index": lambda text: " ".join(f"w{token}" for token in tokens(text)),
}


@pytest.mark.parametrize("wrap", WRAPPED.values(), ids=WRAPPED)
def test_a_canary_is_heard_through(wrap) -> None:  # type: ignore[no-untyped-def]
    aviary = Aviary()
    canary = aviary.canary("a-story", "a paragraph")
    aviary.canary("a-story", "another")
    for text in (canary.sentence, " ".join(canary.words), canary.hanzi):
        assert aviary.heard(wrap(text).encode()) == {canary}
        assert aviary.heard(gzip.compress(wrap(text).encode())) == {canary}


def test_each_of_its_words_and_hanzi_is_enough() -> None:
    aviary = Aviary()
    for canary in [aviary.canary("a-story", str(number)) for number in range(300)]:
        assert all(aviary.heard(f"… {piece} …".encode()) == {canary} for piece in (*canary.words, *canary.hanzi))


def test_what_was_asked_may_be_said_back_and_no_more() -> None:
    aviary = Aviary()
    canary = aviary.canary("a-story", "a paragraph")
    assert not aviary.heard(f"Nothing on {canary.words[0]}.".encode(), canary.words[0])
    assert aviary.heard(canary.sentence.encode(), canary.words[0]) == {canary}
    assert not aviary.heard(b"An ordinary sentence, \xe5\xbe\xae\xe5\x8d\x9a.")
