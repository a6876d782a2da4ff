"""What an editor or the operator changes acts at the door at once; a counter that is away opens nothing."""

import time
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from blueprints.magazine.read import AWAY
from models import Article, begin_write, db, utcnow
from models.metering import FRESH_A_DAY, Access, Mode
from tests.conftest import browser, open_site
from tests.makers import make_account, make_article, make_patron, sign_in
from tests.reading.door import (
    ON_EVERY_LEDGER,
    PRIVATE,
    SOURCE,
    another,
    ask,
    counted,
    is_open,
    metered,
    opens,
    page,
    press,
    same_reader,
    switch,
)

# What the editor changes


@ON_EVERY_LEDGER
def test_a_changed_limit_acts_at_once(app: Flask, client: FlaskClient, story: Article, settings: dict) -> None:
    second, third, fourth = metered(), metered(), metered()
    assert opens(client, story) and opens(client, second) and not opens(client, third)
    shells = [client.get(page(one)).data for one in (story, third)]
    with another(app, settings, METER_ANONYMOUS="3") as site:  # raised
        one = same_reader(client, site)
        assert [one.get(page(each)).data for each in (story, third)] == shells
        assert opens(one, third) and not opens(one, fourth)
    with another(app, settings, METER_ANONYMOUS="1") as site:  # lowered: what was open stays so
        one = same_reader(client, site)
        assert opens(one, third) and opens(one, story) and not opens(one, fourth)
    with another(app, settings, METER_ANONYMOUS="0") as site:  # a hard wall
        one = same_reader(client, site)
        assert [one.get(page(each)).data for each in (story, third)] == shells
        said = ask(one, story)
        assert not is_open(said) and "The rest opens when you sign in." in said.json["html"]
        assert ask(browser(site), story).json["access"] == "used-up"
        sign_in(one, make_account())
        assert opens(one, story)
    assert opens(client, story)


def test_a_mode_acts_at_once(app: Flask, client: FlaskClient, story: Article) -> None:
    closed = make_article(SOURCE, access=Access.PATRONS)
    assert not is_open(client.get(page(story))) and opens(client, story)
    switch(Mode.HARD)
    assert "This story is for patrons." in client.get(page(story)).text
    said = ask(client, story)
    assert said.json["access"] == "become-patron" and "This story is for patrons." in said.json["html"]
    assert press(client, story).status_code == 403
    assert client.get(f"{page(story)}/read").status_code == 303
    switch(Mode.OPEN)
    for each in (story, closed):
        shell = client.get(page(each))
        assert is_open(shell) and shell.headers["Cache-Control"].startswith("public")
        assert 'href="/donate' in shell.text and 'class="wall"' not in shell.text, "with an ask"
    switch(Mode.METER)
    assert not is_open(client.get(page(story))) and opens(client, story) and not opens(client, closed)
    assert counted() == 1


def test_a_story_set_free_is_open_at_once(client: FlaskClient) -> None:
    closed = make_article(SOURCE, access=Access.PATRONS)
    assert not is_open(client.get(page(closed))) and not opens(client, closed)
    begin_write()
    closed.set_free_at = utcnow()
    db.session.commit()
    assert is_open(client.get(page(closed))) and opens(client, closed)


@ON_EVERY_LEDGER
def test_a_page_of_patrons_first_expires_with_its_date(client: FlaskClient) -> None:
    soon = utcnow() + timedelta(seconds=1.2)
    closed = make_article(SOURCE, access=Access.PATRONS_FIRST, free_from=soon)
    for _ in range(2):
        assert "It opens for everyone on" in client.get(page(closed)).text
        assert ask(client, closed).json["access"] == "become-patron"
    while utcnow() <= soon:
        time.sleep(0.05)
    assert is_open(client.get(page(closed))) and opens(client, closed) and counted() == 0


def test_an_edit_shows_in_the_next_release(client: FlaskClient, story: Article) -> None:
    assert opens(client, story)
    begin_write()
    story.write(SOURCE.replace("And more", "And even more"))
    db.session.commit()
    assert "And even more" in ask(client, story).json["html"]


@pytest.mark.parametrize(
    ("setting", "value", "sentence"),
    [
        ("METER_ANONYMOUS", "-1", "METER_ANONYMOUS is '-1': write a whole number"),
        ("METER_ANONYMOUS", "", "METER_ANONYMOUS is '': write a whole number"),
        ("METER_MEMBER", "three", "METER_MEMBER is 'three': write a whole number"),
        ("METER_MEMBER", "2.5", "METER_MEMBER is '2.5': write a whole number"),
        ("METER_PERIOD", "year", "METER_PERIOD is 'year': write day, week, month."),
        ("TIMEZONE", "Amsterdam", "TIMEZONE is 'Amsterdam': write a place such as Europe/Amsterdam."),
        ("TIMEZONE", "../etc", "TIMEZONE is '../etc'"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_setting_that_makes_no_sense_is_refused_with_a_sentence(
    settings: dict, capsys: pytest.CaptureFixture[str], setting: str, value: str, sentence: str
) -> None:
    with pytest.raises(SystemExit) as refused:
        open_site(settings | {setting: value})
    assert refused.value.code == 2 and sentence in capsys.readouterr().err


# When the counter is away


@pytest.mark.parametrize("cache_url", ["redis://127.0.0.1:1/0"], indirect=True)
def test_a_counter_that_is_away_counts_nothing_and_says_so(app: Flask, client: FlaskClient, story: Article) -> None:
    assert client.get(page(story)).status_code == 200
    for _ in range(FRESH_A_DAY + 2):  # however often somebody tries again
        reply = ask(client, story)
    assert reply.status_code == 503 and reply.json == {"error": AWAY} and reply.headers["Cache-Control"] == PRIVATE
    by_form = press(client, story)
    assert by_form.status_code == 503 and AWAY in by_form.text and by_form.headers["Cache-Control"] == PRIVATE
    assert "Set-Cookie" not in reply.headers and "Set-Cookie" not in by_form.headers and counted() == 0
    attempts = db.metadata.tables["attempts"].select()
    assert not [row for row in db.session.execute(attempts) if row.bucket.startswith("fresh-readers")]
    sign_in(client, make_account())
    assert ask(client, story).status_code == 503, "a member can sign in, and waits likewise"
    patron = browser(app)
    sign_in(patron, make_patron())
    assert opens(patron, story), "a patron needs no counter"
