"""A receipt opens the page of one's own that a form leads to: for ten minutes, for one story, while it is counted."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import TimestampSigner, URLSafeTimedSerializer

from models import Article, begin_write, db
from models.metering import Access, Mode
from tests.conftest import browser
from tests.reading.door import another, is_open, metered, opens, page, press, same_reader, switch


def receipt(app: Flask, content: object, age: int = 0, salt: str = "receipt", key: str = "") -> str:
    """One that was signed some seconds ago."""

    class Earlier(TimestampSigner):
        def get_timestamp(self) -> int:
            return super().get_timestamp() - age

    signer = URLSafeTimedSerializer(key or app.config["SECRET_KEY"], salt=salt, signer=Earlier)
    return str(signer.dumps(content))


def test_a_receipt_lasts_ten_minutes(app: Flask, client: FlaskClient, story: Article) -> None:
    path = f"{page(story)}/read?receipt="
    assert is_open(client.get(path + receipt(app, [story.id, "meter"], 0)))
    assert is_open(client.get(path + receipt(app, [story.id, "meter"], 598)))
    assert client.get(path + receipt(app, [story.id, "meter"], 602)).status_code == 303
    assert client.get(path + receipt(app, [story.id, "meter"], -60)).status_code == 303, "nor one of a clock to come"


def test_a_receipt_is_ours_and_for_this_story(app: Flask, client: FlaskClient, story: Article) -> None:
    ours = [story.id, "meter"]
    good = receipt(app, ours)
    other = metered()
    for address in (
        f"{page(other)}/read?receipt={good}",
        f"{page(story)}/read?receipt={good[:-2]}",
        f"{page(story)}/read?receipt={receipt(app, ours, key='another key')}",
        f"{page(story)}/read?receipt={receipt(app, ours, salt='reader')}",
        f"{page(story)}/read?receipt={receipt(app, [str(story.id), 'meter'])}",
        f"{page(story)}/read?receipt=%FF%00"[:-3],
        f"{page(story)}/read?receipt=",
    ):
        reply = client.get(address)
        assert reply.status_code == 303 and not is_open(reply), address


@pytest.mark.parametrize("how", ["mode", "access", "limit"])
def test_a_receipt_opens_nothing_that_was_closed_meanwhile(
    app: Flask, client: FlaskClient, story: Article, settings: dict, how: str
) -> None:
    address = press(client, story).location
    assert is_open(client.get(address))
    if how == "limit":
        with another(app, settings, METER_ANONYMOUS="0") as site:
            for one in (browser(site), same_reader(client, site)):
                assert not is_open(one.get(address)) and not opens(one, story)
        return
    if how == "mode":
        switch(Mode.HARD)
    else:
        begin_write()
        story.access = Access.PATRONS
        db.session.commit()
    for one in (client, browser(app)):
        assert one.get(address).status_code == 303 and not opens(one, story)
