"""A reader's data as a zip: whole, theirs alone, and safe to open."""

import csv
import io
import json
import zipfile

import pytest

from blueprints import metering
from blueprints.accounts.own_data import PARTS, Part
from blueprints.accounts.packing import as_csv
from models import (
    Account,
    Comment,
    Contribution,
    Correction,
    GiftLink,
    GiftOpening,
    Passkey,
    PrivateFeed,
    ReadStory,
    SavedStory,
    Seat,
    begin_write,
    db,
    utcnow,
)
from models.contribution import CorrectionState
from models.metering import Access
from tests.accounts_tools import letters, stay_in_one_window, visit
from tests.makers import NOON, keep, make_account, make_article, make_institution, sign_in
from tests.test_accounts import buy, give, pay


def files(reply) -> dict[str, str]:
    assert reply.status_code == 200, reply.status_code
    with zipfile.ZipFile(io.BytesIO(reply.data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name).decode("utf-8-sig") for name in archive.namelist()}


def part(got: dict[str, str], name: str) -> list[dict]:
    return json.loads(got[f"{name}.json"])


@pytest.fixture
def reader(app):
    """Somebody who left a trace in every part, beside another reader with the same traces."""
    house = make_institution()
    story = make_article(title="楼上 Upstairs", slug="upstairs-story")
    for email, name in (("robin@example.org", '=HYPERLINK("x")'), ("kim@example.org", "Kim")):
        who = make_account(email, name=name)
        pay(give(email, who), 2500, f"pi_{name}")
        begin_write()
        for table in (SavedStory, ReadStory):
            table.keep(who.id, story.id, NOON)
        db.session.commit()
        keep(Seat(institution_id=house.id, account_id=who.id))
        keep(Passkey(account_id=who.id, credential_id=email, public_key=b"key", name=f"Phone of {name}"))
        begin_write()
        metering.ledger().claim(metering.key_of(who), "month:2026-11", NOON, story.id, 3, NOON, is_known=False)
        link = keep(GiftLink(token_hash=email, article_id=story.id, giver_id=who.id, expires_at=NOON))
        keep(GiftOpening(reader=metering.key_of(who), gift_id=link.id, at=NOON))
        keep(PrivateFeed(public_id=email, token_hash=email, account_id=who.id))
        reply = Comment(article_id=story.id, name=name, email=email, account_id=who.id)
        reply.write(f"Words of *{email}*")
        keep(reply, Contribution(name=name, email=email, subject="A tip", body=f"Tip of {email}"))
        keep(Correction(article_id=story.id, name=name, email=email, body=f"Slip seen by {email}"))
    buy("robin@example.org")  # as a guest: the address is proven, so it is theirs
    visit(app).post("/account/link", data={"email": "robin@example.org"})
    letters(app, "robin@example.org")
    return Account.by_email("robin@example.org")


@pytest.fixture
def got(app, reader):
    browser = visit(app)
    sign_in(browser, reader)
    return files(browser.post("/account/export", buffered=True))


def test_each_part_is_there_twice_and_named_in_the_readme(got):
    names = {name.partition(".")[0] for name in got} - {"README"}
    assert len(names) == len(PARTS) and len(got) == 2 * len(PARTS) + 1
    for name in names:
        assert f"{name}.json, {name}.csv ({len(part(got, name))})" in got["README.txt"]
        assert part(got, name), f"the reader left a trace in {name}"


def test_what_is_in_it(got):
    assert part(got, "account")[0]["email"] == "robin@example.org"
    assert "password_hash" not in got["account.json"] and "argon2" not in str(got)
    assert part(got, "saved-stories")[0]["story_address"] == "http://127.0.0.1:5000/articles/upstairs-story"
    assert part(got, "read-stories")[0]["last_read_at"] == "2026-11-20T12:00:00Z"
    assert part(got, "meter")[0]["story"] == "楼上 Upstairs"
    assert part(got, "replies")[0]["words"] == "Words of *robin@example.org*"
    assert (part(got, "gifts")[0]["amount"], part(got, "gifts")[0]["currency"]) == ("25.00", "EUR")
    assert part(got, "orders")[0]["amount"] == "280.00"
    assert part(got, "payments")[0]["receipt"].startswith("2026-")


def test_nothing_of_another_reader_is_in_it(got):
    assert "kim" not in str(got).casefold()


def test_a_name_that_is_a_formula_is_text_in_a_table(got):
    [row] = csv.DictReader(io.StringIO(got["account.csv"]))
    assert row["name"] == '\'=HYPERLINK("x")'
    assert part(got, "account")[0]["name"] == '=HYPERLINK("x")', "programs get it as it is"
    assert as_csv(Part("none", "Nothing.", [])) == "\ufeff"


def test_an_address_nobody_proved_gives_nothing_of_what_was_done_under_it(app):
    give("robin@example.org")
    keep(Contribution(name="Robin", email="robin@example.org", body="A secret tip"))
    visit(app).post("/account/link", data={"email": "robin@example.org"})
    squatter, browser = make_account("robin@example.org", verified=False), visit(app)
    sign_in(browser, squatter)
    got = files(browser.post("/account/export", buffered=True))
    for name in ("gifts", "contributions", "mail", "sign-in-letters"):
        assert part(got, name) == []


def test_only_a_reader_gets_it_and_no_cache(app, reader):
    assert visit(app).post("/account/export").location == "/account/login"
    assert visit(app).get("/account/export").location == "/account/login?next=/account/export"
    browser = visit(app)
    sign_in(browser, reader)
    page = browser.get("/account/export")
    reply = browser.post("/account/export", buffered=True)
    for each in (page, reply):
        assert each.headers["Cache-Control"] == "private, no-store"
    assert reply.headers["Content-Type"] == "application/zip"
    assert reply.headers["Content-Disposition"] == f"attachment; filename=upstairs-{utcnow():%Y-%m-%d}.zip"


def test_a_sixth_zip_within_the_hour_is_too_many(app):
    stay_in_one_window()
    reader, browser = make_account(), visit(app)
    sign_in(browser, reader)
    assert [browser.post("/account/export", buffered=True).status_code for _ in range(6)] == [200] * 5 + [429]


@pytest.mark.parametrize(
    ("access", "state", "is_told"),
    [
        (Access.FREE, CorrectionState.ACCEPTED, True),
        (Access.PATRONS, CorrectionState.ACCEPTED, False),  # it may quote what this reader cannot read
        (Access.FREE, CorrectionState.REFUSED, False),  # kept at the desk, to be used again; it stands nowhere
    ],
)
def test_a_note_of_the_desk_is_there_where_its_reader_sees_it_under_the_story(app, access, state, is_told):
    who, story = make_account(), make_article(access=access)
    note = Correction(article_id=story.id, email=who.email, state=state, body="It is two.", note="We said three.")
    keep(note)
    browser = visit(app)
    sign_in(browser, who)
    [row] = part(files(browser.post("/account/export", buffered=True)), "corrections")
    assert row["words"] == "It is two."
    assert row["note"] == ("We said three." if is_told else "")
