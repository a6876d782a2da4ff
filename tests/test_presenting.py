"""What a reader gets of a story: one door, and a closed story keeps its text behind it."""

import dataclasses
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import event, inspect

from models import Article, LiveEntry, db
from models.article import Kind
from models.metering import VISITOR, Access, Decision, Viewer, decide
from models.presenting import Presented, parted, present
from tests.makers import NOON, keep, make_article

OPENING, SECRET, NOTE = "the opening words", "the hidden words", "the hidden note"
SOURCE = f"""{OPENING.capitalize()}.[^1]

<!-- open until here -->

{SECRET.capitalize()}.

::: offer china-internet-report
:::

More.

[^1]: {NOTE.capitalize()}.
"""
VIEWERS = [
    Viewer(signed_in, patron, staff)
    for signed_in in (False, True)
    for patron in (False, True)
    for staff in (False, True)
]


def everything(shown: Presented) -> str:
    return str(dataclasses.asdict(shown)).lower()


def fresh(**given: object) -> Article:
    """A story as a request finds it: nothing of its text loaded yet."""
    slug = make_article(SOURCE, **given).slug
    db.session.expunge_all()
    found = Article.by_slug(slug)
    assert found is not None
    return found


@pytest.mark.parametrize("access", Access)
@pytest.mark.parametrize("viewer", VIEWERS, ids=str)
def test_a_closed_story_holds_nothing_of_the_rest(app: Flask, access: Access, viewer: Viewer) -> None:
    story = fresh(access=access)
    shown = present(story, viewer)
    assert shown.access is decide(story.gate, viewer)
    assert OPENING in everything(shown)
    is_open = shown.access is Decision.OPEN
    assert shown.is_open is is_open
    assert (SECRET in everything(shown)) is is_open
    assert (NOTE in everything(shown)) is is_open
    assert (("offer", "china-internet-report") in shown.blocks) is is_open


@pytest.mark.parametrize("access", [Access.METERED, Access.MEMBERS, Access.PATRONS])
def test_a_closed_storys_text_is_not_even_asked_for(app: Flask, access: Access) -> None:
    story, asked = fresh(access=access), []
    event.listen(db.engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    present(story, VISITOR)
    assert asked and not any("body_html" in statement or "live_entry" in statement for statement in asked)
    assert {"body_html", "references_html", "source"} <= inspect(story).unloaded


def test_a_short_gated_story_gives_nothing_away(app: Flask) -> None:
    story = make_article("All of it.", access=Access.PATRONS)
    assert present(story, VISITOR).blocks == []


def test_a_story_is_cut_at_its_offers() -> None:
    html = '<p>a</p>\n<div class="offer-slot" data-offer="one"></div>\n<p>b</p>'
    assert parted(html) == [("html", "<p>a</p>"), ("offer", "one"), ("html", "<p>b</p>")]
    assert parted("") == []


def test_what_only_looks_like_an_offer_is_text(app: Flask) -> None:
    story = make_article('It is `<div class="offer-slot" data-offer="x"></div>` in HTML.')
    assert [kind for kind, _ in present(story, VISITOR).blocks] == ["html"]


@pytest.mark.parametrize(("access", "entries"), [(Access.FREE, 2), (Access.PATRONS, 0)])
def test_a_liveblogs_entries_come_with_its_text(app: Flask, access: Access, entries: int) -> None:
    story = make_article(kind=Kind.LIVEBLOG, access=access)
    slug = story.slug
    for minute in (5, 1):
        entry = LiveEntry(article_id=story.id, at=NOON + timedelta(minutes=minute), headline=f"Minute {minute}")
        entry.write(f"{SECRET} {minute}[^1]\n\n[^1]: {NOTE}")
        keep(entry)
    db.session.expunge_all()
    found = Article.by_slug(slug)
    assert found is not None
    shown = present(found, VISITOR)
    assert [entry.headline for entry in shown.entries] == ["Minute 1", "Minute 5"][:entries]
    assert (SECRET in everything(shown)) is bool(entries)
    assert all(NOTE in entry.body_html for entry in shown.entries)
