"""A patron's own feed: whole texts at an address that is a key, until it is taken back or the gift ends."""

import io
import json
import re
import zipfile
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models import Account, Donation, PrivateFeed, Publication, begin_write, db, utcnow
from models.metering import Access
from tests import feed_rules
from tests.accounts_tools import visit
from tests.makers import keep, make_account, make_article, make_editor, make_patron, sign_in

SECRET = "The canary sang at the end."
TEXT = f"Open to all.\n\n<!-- open until here -->\n\n{SECRET}"
FILES = ["feed.xml", "atom.xml", "feed.json"]


@pytest.fixture
def patron(app: Flask) -> Account:
    for access in (Access.METERED, Access.MEMBERS, Access.PATRONS):
        make_article(TEXT, slug=access.value, title=access.value, access=access, published_at=utcnow())
    return make_patron("patron@example.org")


def signed_in(app: Flask, who: Account) -> FlaskClient:
    client = visit(app)
    sign_in(client, who)
    return client


def make_feed(client: FlaskClient) -> str:
    """Make an address; returns its path without the file."""
    assert client.post("/account/feeds", data={"action": "renew"}).status_code == 303
    found = re.search(r'value="([^"]+)/feed\.xml"', client.get("/account/feeds").text)
    assert found
    return urlsplit(found[1]).path


def end_the_gift() -> None:
    begin_write()
    db.session.execute(db.update(Donation).values(patron_until=utcnow() - timedelta(days=1)))
    db.session.commit()


def private(reply: Any) -> bool:
    said = reply.headers
    alone = "no-store" in said["Cache-Control"] and "public" not in said["Cache-Control"]
    return alone and said["X-Robots-Tag"] == "noindex" and said["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("file", FILES)
def test_every_story_is_whole_for_who_has_the_address(app: Flask, patron: Account, file: str) -> None:
    feed = make_feed(signed_in(app, patron))
    reply = visit(app).get(f"{feed}/{file}")
    assert reply.status_code == 200 and private(reply) and "Set-Cookie" not in reply.headers
    assert reply.text.count(SECRET) == 3
    assert visit(app).get(f"/{file}").text.count(SECRET) == 0, "the public one is as it was"
    again = visit(app).get(f"{feed}/{file}", headers={"If-None-Match": reply.headers["ETag"]})
    assert again.status_code == 304 and private(again)


def test_the_formats_keep_their_rules(app: Flask, patron: Account) -> None:
    feed = make_feed(signed_in(app, patron))
    client = visit(app)
    for gives in (True, False):
        if not gives:
            end_the_gift()
        for file in FILES:
            text = client.get(f"{feed}/{file}").text
            assert (SECRET in text) is gives
            feed_rules.check(text, file, f"http://127.0.0.1:5000{feed}/{file}")


def test_it_is_told_whole_even_where_the_public_feed_leaves_stories_out(app: Flask, patron: Account) -> None:
    keep(Publication(id=1, motto="", colophon="", wordmark_hanzi="", gated_in_feeds="drop"))
    feed = make_feed(signed_in(app, patron))
    assert len(visit(app).get(f"{feed}/feed.json").json["items"]) == 3
    assert visit(app).get("/feed.json").json["items"] == []
    end_the_gift()
    assert len(visit(app).get(f"{feed}/feed.json").json["items"]) == 1, "the note alone"


def test_when_the_gift_has_ended_it_carries_beginnings_and_says_why(app: Flask, patron: Account) -> None:
    client = signed_in(app, patron)
    feed = make_feed(client)
    end_the_gift()
    for file in FILES:
        reply = visit(app).get(f"{feed}/{file}")
        assert SECRET not in reply.text and "Your gift has ended" in reply.text and private(reply)
    items = visit(app).get(f"{feed}/feed.json").json["items"]
    [note] = [item for item in items if item["id"] == "http://127.0.0.1:5000/account/feeds"]
    assert "/donate" in note["content_html"] and len(items) == 4
    page = client.get("/account/feeds").text
    assert "beginnings only until you give again" in page and "Make new addresses" not in page
    assert client.post("/account/feeds", data={"action": "renew"}).status_code == 403
    begin_write()
    db.session.execute(db.update(Donation).values(patron_until=utcnow() + timedelta(days=1)))
    db.session.commit()
    assert SECRET in visit(app).get(f"{feed}/feed.xml").text, "and the same address is whole again"


def test_an_address_taken_back_is_gone_and_one_made_up_is_none(app: Flask, patron: Account) -> None:
    client = signed_in(app, patron)
    old = make_feed(client)
    new = make_feed(client)
    assert old != new
    gone = visit(app).get(f"{old}/feed.xml")
    assert gone.status_code == 410 and private(gone) and SECRET not in gone.text
    assert SECRET in visit(app).get(f"{new}/feed.xml").text
    client.post("/account/feeds", data={"action": "revoke"})
    assert visit(app).get(f"{new}/atom.xml").status_code == 410
    assert "Make my feed" in client.get("/account/feeds").text
    for path in ("/feeds/x/feed.xml", f"/feeds/{'A' * 32}/feed.xml", f"{new}/feed.html", f"{new}x/feed.xml"):
        assert visit(app).get(path).status_code == 404


def test_it_is_one_accounts_and_counts_nothing(app: Flask, patron: Account) -> None:
    feed = make_feed(signed_in(app, patron))
    other = make_feed(signed_in(app, make_patron()))
    signed_in(app, patron).post("/account/feeds", data={"action": "revoke"})
    assert visit(app).get(f"{feed}/feed.xml").status_code == 410
    assert visit(app).get(f"{other}/feed.xml").status_code == 200


def test_readers_without_a_gift_are_told_and_staff_have_one(app: Flask, patron: Account) -> None:
    reader = signed_in(app, make_account())
    assert "Become a patron" in reader.get("/account/feeds").text
    assert reader.post("/account/feeds", data={"action": "renew"}).status_code == 403
    assert reader.post("/account/feeds", data={"action": "sing"}).status_code == 400
    assert visit(app).get("/account/feeds").status_code == 303
    assert SECRET in visit(app).get(make_feed(signed_in(app, make_editor())) + "/feed.xml").text


def test_only_a_hash_is_kept_and_it_goes_with_the_account(app: Flask, patron: Account) -> None:
    client = signed_in(app, patron)
    feed = make_feed(client)
    db.session.rollback()
    [row] = db.session.execute(db.select(PrivateFeed.__table__)).mappings()
    assert feed.rpartition("/")[2] not in map(str, row.values())
    with client.post("/account/export") as reply, zipfile.ZipFile(io.BytesIO(reply.data)) as packed:
        [told] = json.loads(packed.read("private-feeds.json"))
    assert told["made_at"] and "token" not in str(told)
    begin_write()
    db.session.execute(db.update(Donation).values(account_id=None))
    db.session.execute(db.delete(Account).where(Account.id == patron.id))
    db.session.commit()
    assert visit(app).get(f"{feed}/feed.xml").status_code == 404


def test_another_key_of_the_site_makes_the_address_untold_but_not_void(app: Flask, patron: Account) -> None:
    client = signed_in(app, patron)
    feed = make_feed(client)
    app.config["SECRET_KEY"] = "another"
    assert "can no longer be told" in signed_in(app, patron).get("/account/feeds").text
    assert SECRET in visit(app).get(f"{feed}/feed.xml").text
