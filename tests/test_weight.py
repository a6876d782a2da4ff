"""What a story's page weighs on the wire: its text, and all style and script that it links. Sizes, not times."""

import gzip
import re

import pytest
from flask.testing import FlaskClient

from models import Term, utcnow
from models.article import Kind
from tests.makers import keep, make_article, make_author, make_category

WORDS = "The third lamp from the corner lights it from half past five, and nobody has asked why. ".split()
SHEET = re.compile(r'<link rel="stylesheet" href="([^"]+)"')
SCRIPT = re.compile(r'<script src="([^"]+)"')


def sent(client: FlaskClient, address: str) -> int:
    with client.get(address) as reply:  # a file is closed with its answer
        assert reply.status_code == 200, address
        return len(gzip.compress(reply.data, 9))


def words(number: int) -> str:
    """So many, no two paragraphs alike, with what stories have: headings, notes, hanzi."""
    parts = []
    for place in range(number // 90):
        text = " ".join(f"{word}{place if len(word) > 4 else ''}" for word in (WORDS * 6)[:90])
        parts.append(f"## Part {place}\n\n{text} 内卷.[^{place}]" if place % 3 == 0 else text)
    return "\n\n".join(parts) + "".join(f"\n\n[^{place}]: Read on a day." for place in range(0, number // 90, 3))


@pytest.fixture
def story(client: FlaskClient) -> str:
    keep(Term(hanzi="内卷", pinyin="nèijuǎn", meaning="A race that nobody wins."))
    section = make_category()
    for place in range(6):
        make_article(words(180), slug=f"other-{place}", category=section, published_at=utcnow())
    make_article(words(900), slug="story", category=section, authors=[make_author()], published_at=utcnow())
    return "/articles/story"


def test_a_story_of_900_words_weighs_little(client: FlaskClient, story: str) -> None:
    assert sent(client, story) <= 12_000


def test_its_style_and_script_weigh_little(client: FlaskClient, story: str) -> None:
    page = client.get(story).text
    sheets, scripts = SHEET.findall(page), SCRIPT.findall(page)
    assert len(sheets) == 1 and len(scripts) == 3
    script = sum(sent(client, address) for address in scripts)
    assert script <= 6_000
    assert script + sum(sent(client, address) for address in sheets) <= 15_000
    with client.get(sheets[0]) as sheet:
        assert not re.search(r"@font-face|@import|url\(", sheet.text), "it asks for nothing more"


def test_an_open_liveblog_asks_for_one_script_more(client: FlaskClient, story: str) -> None:
    make_article("Soon.", slug="live", kind=Kind.LIVEBLOG, opened_at=utcnow(), published_at=utcnow())
    page = client.get("/articles/live").text
    assert "live.js" in page
    assert sum(sent(client, address) for address in SHEET.findall(page) + SCRIPT.findall(page)) <= 16_000
