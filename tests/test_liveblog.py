"""A liveblog while it runs: each change has its number, open pages learn of it, and the desk posts once."""

import json
import re
import threading
from datetime import timedelta
from html import unescape

import pytest
import sqlalchemy
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from models import Article, LiveEntry, begin_write, db, utcnow
from models.article import Kind, Status
from models.editing import entry_counts
from models.liveblog import LiveblogClosed
from models.metering import VISITOR, Access
from models.presenting import present, present_changes
from tests.conftest import browser
from tests.makers import NOON, keep, make_account, make_article, make_editor, make_patron, sign_in

SECRET = "what only patrons hear"


def make_liveblog(**given: object) -> Article:
    return make_article("It begins.", **{"kind": Kind.LIVEBLOG, "opened_at": NOON} | given)


def post(liveblog: Article, words: str, minute: int = 0, **given: object) -> LiveEntry:
    begin_write()
    entry = LiveEntry.begin(liveblog)
    entry.at = NOON + timedelta(minutes=minute)
    for name, value in given.items():
        setattr(entry, name, value)
    entry.write(words)
    db.session.commit()
    return entry


def change(entry: LiveEntry, **given: object) -> None:
    begin_write()
    held = LiveEntry.hold(entry.id)
    assert held is not None
    for name, value in given.items():
        setattr(held, name, value)
    db.session.commit()


def ask(client: FlaskClient, liveblog: Article, after: object = "", **headers: str):  # type: ignore[no-untyped-def]
    query = f"?after={after}" if after != "" else ""
    return client.get(f"/articles/{liveblog.slug}/entries{query}", headers=headers)


def test_each_change_has_the_next_number_and_open_pages_get_what_came_after(app: Flask, client: FlaskClient) -> None:
    liveblog = make_liveblog()
    first, second = post(liveblog, "One.", 1, headline="Point 一"), post(liveblog, "Two.", 2)
    assert [first.version, second.version, liveblog.live_version] == [1, 2, 2]
    change(first, is_pinned=True)
    begin_write()
    held = LiveEntry.hold(second.id)
    assert held is not None
    held.correct("It was three.", NOON)
    db.session.commit()
    assert [first.version, second.version] == [3, 4]

    told = ask(client, liveblog, 2).json
    assert (told["version"], told["closed"], told["ending"]) == (4, False, "")
    assert [(each["id"], each["pinned"], each["removed"]) for each in told["entries"]] == [
        (first.id, True, False),
        (second.id, False, False),
    ]
    assert "It was three." in told["entries"][1]["html"] and 'datetime="2026-11-20T13:00' in told["entries"][1]["html"]
    assert '<span lang="zh">一</span>' in told["entries"][0]["point"] and not told["entries"][1]["point"]
    assert [each["id"] for each in ask(client, liveblog, 3).json["entries"]] == [second.id]
    assert ask(client, liveblog, 4).json["entries"] == []

    begin_write()
    held = LiveEntry.hold(second.id)
    assert held is not None
    held.remove(NOON)
    db.session.commit()
    gone = ask(client, liveblog, 4).json
    assert gone["entries"] == [{"id": second.id, "removed": True, "html": "", "point": ""}] and gone["version"] == 5
    begin_write()
    assert LiveEntry.hold(second.id) is None, "what is removed is changed no more"
    db.session.rollback()

    begin_write()
    liveblog.close(NOON)
    db.session.commit()
    over = ask(client, liveblog, 5).json
    assert over["closed"] and over["version"] == 6 and "This page was closed on" in over["ending"]
    assert "Closed" in over["state"]
    begin_write()
    liveblog.reopen()
    db.session.commit()
    assert ask(client, liveblog, 6).json["version"] == 7 and not ask(client, liveblog, 6).json["closed"]


def test_the_html_of_an_entry_is_that_of_the_page(client: FlaskClient) -> None:
    liveblog = make_liveblog()
    post(liveblog, "楼上 *speaks*.[^1]\n\n[^1]: A note.", speaker="李老师", topic="On stairs")
    post(liveblog, "", 1, headline="Only a point", is_pinned=True, correction="Not two.", corrected_at=NOON)
    page = squeeze(client.get(f"/articles/{liveblog.slug}").text)
    for entry in ask(client, liveblog).json["entries"]:
        assert squeeze(entry["html"]) in page and squeeze(entry["point"]) in page
    assert 'data-version="2"' in page and "js/live.js" in page


def squeeze(html: str) -> str:
    return re.sub(r"\s+", " ", html)


def test_pinned_entries_stand_first_while_it_is_open(client: FlaskClient) -> None:
    liveblog = make_liveblog()
    post(liveblog, "Alpha.", 1, is_pinned=True)
    post(liveblog, "Beta.", 2)
    post(liveblog, "Gamma.", 3)
    for order in ("newest", "oldest"):
        page = client.get(f"/articles/{liveblog.slug}?order={order}").text.partition("<main")[2]
        assert page.index("Alpha.") < page.index("Beta.") and page.index("Alpha.") < page.index("Gamma.")
        assert "Pinned" in page
    begin_write()
    liveblog.close(NOON)
    db.session.commit()
    head, _, page = client.get(f"/articles/{liveblog.slug}?order=newest").text.partition("<main")
    assert page.index("Gamma.") < page.index("Alpha.") and "Pinned" not in page and "live.js" not in head


def test_a_removed_entry_is_nowhere(app: Flask, client: FlaskClient) -> None:
    liveblog = make_liveblog()
    kept, taken = post(liveblog, "Stays."), post(liveblog, "Taken back.", headline="Gone")
    change(taken, removed_at=NOON)
    assert db.session.get(LiveEntry, taken.id) is not None
    assert [entry.id for entry in liveblog.entries] == [kept.id]
    assert [entry.id for entry in present(liveblog, VISITOR).entries] == [kept.id]
    assert entry_counts([liveblog]) == {liveblog.id: 1}
    page = client.get(f"/articles/{liveblog.slug}").text
    assert "Taken back." not in page and "Gone" not in page and "1 entry" in page
    assert "Taken back." not in ask(client, liveblog).text
    begin_write()
    db.session.delete(liveblog)
    db.session.commit()
    assert db.session.query(LiveEntry).count() == 0, "with the liveblog goes everything"


def test_a_free_answer_is_the_same_for_everybody_and_caches_carry_it(app: Flask, client: FlaskClient) -> None:
    liveblog = make_liveblog()
    post(liveblog, "One.")
    visitor, reader = ask(client, liveblog, 0), browser(app)
    sign_in(reader, make_account())
    signed_in = ask(reader, liveblog, 0)
    for reply in (visitor, signed_in):
        assert reply.data == visitor.data and reply.headers["ETag"] == visitor.headers["ETag"]
        assert reply.headers["Cache-Control"] == "public, max-age=0, s-maxage=5"
        assert "Set-Cookie" not in reply.headers and "Cookie" not in reply.headers.get("Vary", "")
    again = ask(client, liveblog, 0, **{"If-None-Match": visitor.headers["ETag"]})
    assert again.status_code == 304 and not again.data
    assert again.headers["Cache-Control"] == "public, max-age=0, s-maxage=5"
    post(liveblog, "Two.")
    assert ask(client, liveblog, 0, **{"If-None-Match": visitor.headers["ETag"]}).status_code == 200


@pytest.mark.parametrize("access", [Access.MEMBERS, Access.METERED, Access.PATRONS])
def test_a_gated_liveblog_tells_nothing_to_who_may_not_read_it(app: Flask, client: FlaskClient, access: Access) -> None:
    liveblog = make_liveblog(access=access)
    post(liveblog, SECRET, headline=SECRET, correction=SECRET, corrected_at=NOON)
    assert present_changes(liveblog, VISITOR, None) is None
    shut = ask(client, liveblog)
    assert shut.status_code == 403 and SECRET not in shut.text and shut.headers["Cache-Control"] == "private, no-store"
    assert "ETag" not in shut.headers
    waits = access is Access.METERED  # for the meter, and then renews itself
    assert ("live.js" in client.get(f"/articles/{liveblog.slug}").text) is waits
    patron = browser(app)
    sign_in(patron, make_patron())
    told = ask(patron, liveblog)
    assert told.status_code == 200 and SECRET in told.text
    assert told.headers["Cache-Control"] == "private, no-store"
    reader = browser(app)
    sign_in(reader, make_account())
    assert (SECRET in ask(reader, liveblog).text) is (access is Access.MEMBERS)
    reader.post(f"/articles/{liveblog.slug}/read")
    assert (SECRET in ask(reader, liveblog).text) is (access is not Access.PATRONS)


@pytest.mark.parametrize("after", ["x", "-1", "1.5", "٣", "9" * 10, "1e3", " 1", "%00", "1%0a"])
def test_a_number_that_is_none_is_refused_with_a_sentence(client: FlaskClient, after: str) -> None:
    reply = ask(client, make_liveblog(), after)
    assert reply.status_code == 400
    if after != "%00":  # refused at the door, with a page
        assert "whole number" in reply.json["error"] and reply.headers["Cache-Control"] == "private, no-store"


def test_no_number_and_one_that_is_still_to_come_give_everything(client: FlaskClient) -> None:
    liveblog = make_liveblog()
    keep(old := LiveEntry(article_id=liveblog.id, at=NOON))  # as imports write them, without a number
    new = post(liveblog, "Numbered.", 1)
    for after in ("", 999999999):
        told = ask(client, liveblog, after).json
        assert [each["id"] for each in told["entries"]] == [old.id, new.id] and told["version"] == 1
    assert [each["id"] for each in ask(client, liveblog, 0).json["entries"]] == [new.id]


def test_what_is_no_public_liveblog_is_not_found(client: FlaskClient) -> None:
    hidden = [
        make_liveblog(status=Status.DRAFT),
        make_liveblog(status=Status.PRIVATE),
        make_liveblog(published_at=utcnow() + timedelta(hours=1)),
        make_article(),
    ]
    for story in hidden:
        reply = ask(client, story)
        assert reply.status_code == 404 and reply.headers["Cache-Control"] == "private, no-store" and reply.json
    assert client.get("/articles/nothing/entries").status_code == 404


def test_an_answer_costs_few_queries_whoever_asks(app: Flask, client: FlaskClient) -> None:
    liveblog = make_liveblog()
    for minute in range(12):
        post(liveblog, "Words.", minute)
    patron = browser(app)
    sign_in(patron, make_patron())
    gated = make_liveblog(access=Access.PATRONS)
    post(gated, SECRET)
    free, shut = (f"/articles/{story.slug}/entries?after=" for story in (liveblog, gated))
    client.get(free + "0")  # what the magazine asks of readers is looked up once for all
    asked: list[str] = []
    listen = lambda *given: given[2].startswith("SELECT") and asked.append(given[2])  # noqa: E731
    event.listen(sqlalchemy.Engine, "before_cursor_execute", listen)
    try:
        counts = []
        for who, address in [(client, free + "0"), (client, free + "12"), (client, shut + "0"), (patron, shut + "1")]:
            db.session.remove()
            asked.clear()
            who.get(address)
            counts.append(len(asked))
        # The page cache may ask once more for the next moment at which pages change by themselves.
        assert counts[0] <= 3 and counts[1] <= 2 and counts[2:] == [1, 3], (counts, asked)
        assert not any("live_entry" in statement for statement in asked)
    finally:
        event.remove(sqlalchemy.Engine, "before_cursor_execute", listen)


def test_two_editors_at_once_get_numbers_of_their_own(app: Flask) -> None:
    liveblog = make_liveblog()
    liveblog_id, each, at_once = liveblog.id, 8, threading.Barrier(3)
    entry_id = post(liveblog, "Changed by both.").id

    def write() -> None:
        with app.app_context():
            at_once.wait(20)
            for number in range(each):
                story = db.session.get_one(Article, liveblog_id)
                if number % 2:
                    change(db.session.get_one(LiveEntry, entry_id), headline=f"{number}")
                else:
                    post(story, f"Entry {number}", number)
            db.session.remove()

    editors = [threading.Thread(target=write) for _ in range(3)]
    db.session.remove()
    for editor in editors:
        editor.start()
    for editor in editors:
        editor.join(60)
    assert db.session.get_one(Article, liveblog_id).live_version == 1 + 3 * each
    versions = [entry.version for entry in LiveEntry.changes(liveblog_id, None)]
    assert len(set(versions)) == len(versions) == 1 + 3 * each // 2, "no two changes share a number"


def test_a_closed_liveblog_takes_no_entry(app: Flask) -> None:
    liveblog = make_liveblog(closed_at=NOON)
    begin_write()
    with pytest.raises(LiveblogClosed):
        LiveEntry.begin(liveblog)
    db.session.rollback()
    db.session.refresh(liveblog)
    assert liveblog.live_version == 0


# The desk


@pytest.fixture
def desk(app: Flask, client: FlaskClient) -> FlaskClient:
    sign_in(client, make_editor())
    return client


def filled(page: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)
    return unescape(found[1]) if found else ""


def test_the_console_posts_now_and_once(desk: FlaskClient) -> None:
    liveblog = make_liveblog()
    console = f"/desk/articles/{liveblog.id}/live"
    page = desk.get(console).text
    assert "autofocus" in page and f'href="{console}"' in desk.get(f"/desk/articles/{liveblog.id}").text
    sent = {"once": filled(page, "once"), "source": "They *begin*.", "at": "", "headline": "It begins"}
    assert sent["once"] and sent["once"] != filled(desk.get(console).text, "once")
    before = utcnow()
    for _ in range(2):
        assert desk.post(console, data=sent).location == console
    entry = db.session.query(LiveEntry).one()
    assert entry.version == 1 == liveblog.live_version and before <= entry.at <= utcnow()
    assert "<em>begin</em>" in desk.get(console).text
    desk.post(console, data=sent | {"source": "They have begun."})  # sent again with other words: nothing is lost
    assert db.session.query(LiveEntry).one().source == "They have begun." and entry.version == 2


def test_what_was_typed_in_the_console_survives(desk: FlaskClient) -> None:
    liveblog = make_liveblog()
    console = f"/desk/articles/{liveblog.id}/live"
    wrong = desk.post(console, data={"source": "Typed.", "at": "noon", "speaker": "李老师", "once": "a"})
    assert (
        wrong.status_code == 422
        and "Typed." in wrong.text
        and "李老师" in wrong.text
        and filled(wrong.text, "once") == "a"
    )
    assert desk.post(console, data={"source": " "}).status_code == 422
    assert desk.post(f"{console}/close").location == console
    late = desk.post(console, data={"source": "Typed.", "once": "a"})
    assert late.status_code == 409 and "Typed." in late.text and "closed" in late.text
    assert (
        desk.post(
            f"/desk/articles/{liveblog.id}/entries/new", data={"source": "L", "at": "2026-11-20T10:00"}
        ).status_code
        == 409
    )
    assert db.session.query(LiveEntry).count() == 0
    desk.post(f"{console}/reopen")
    db.session.refresh(liveblog)
    assert liveblog.closed_at is None and liveblog.live_version == 2
    assert desk.post(console, data={"source": "Typed.", "once": "a"}).status_code == 303
    assert desk.get(f"/desk/articles/{make_article().id}/live").status_code == 404


def test_an_entry_is_corrected_with_a_dated_note_pinned_and_removed(app: Flask, desk: FlaskClient) -> None:
    liveblog = make_liveblog()
    entry = post(liveblog, "Two forms.")
    edit, console = f"/desk/entries/{entry.id}?from=console", f"/desk/articles/{liveblog.id}/live"
    form = {"before": filled(desk.get(edit).text, "before"), "at": "2026-11-20T13:00", "source": "Three forms."}
    assert desk.post(edit, data=form | {"correction": "Hosts sign three forms, not two."}).location == console
    assert entry.version == 2 and entry.corrected_at and entry.at == NOON
    public = browser(app)
    page = public.get(f"/articles/{liveblog.slug}").text
    assert "Hosts sign three forms, not two." in page and "Corrected" in page
    dated = entry.corrected_at
    late = desk.post(edit, data=form | {"source": "Four forms."})
    assert late.status_code == 409 and "Four forms." in late.text and entry.version == 2, "the other editor's stays"

    form["before"] = filled(desk.get(edit).text, "before")
    assert desk.post(edit, data=form | {"correction": "Hosts sign three forms, not two."}).status_code == 303
    assert entry.corrected_at == dated, "the same note keeps its day"
    desk.post(f"/desk/entries/{entry.id}/pin?from=console", data={"pinned": "1"})
    desk.post(f"/desk/entries/{entry.id}/pin?from=console", data={"pinned": "1"})
    assert entry.is_pinned and "Unpin" in desk.get(console).text
    desk.post(f"/desk/entries/{entry.id}/pin?from=console", data={"pinned": "0"})
    assert not entry.is_pinned and entry.version == liveblog.live_version == 6
    assert desk.post(f"/desk/entries/{entry.id}/remove?from=console").location == console
    assert "Three forms." not in desk.get(console).text + public.get(f"/articles/{liveblog.slug}").text
    assert desk.post(f"/desk/entries/{entry.id}/remove").status_code == 404
    gone = desk.post(edit, data=form)
    assert gone.status_code == 404 and "Three forms." in gone.text
    db.session.refresh(liveblog)
    assert liveblog.live_version == 7, "what was refused has no number"


def test_of_two_editors_of_one_entry_the_second_hears_of_the_first(app: Flask, desk: FlaskClient) -> None:
    entry = post(make_liveblog(), "One form.")
    edit, heard = f"/desk/entries/{entry.id}", []
    form = {"before": filled(desk.get(edit).text, "before"), "at": "2026-11-20T13:00", "source": "Second."}

    def save_second() -> None:
        with app.app_context():
            heard.append(desk.post(edit, data=form))
            db.session.remove()

    begin_write()
    first = LiveEntry.hold(entry.id)
    assert first is not None
    second = threading.Thread(target=save_second)
    second.start()
    second.join(0.5)  # it waits for the first by now
    first.write("First.")
    db.session.commit()
    second.join(60)
    assert heard[0].status_code == 409 and "First." in heard[0].text and "Second." in heard[0].text
    db.session.refresh(entry)
    assert (entry.source, entry.version) == ("First.", 2)


def test_closing_from_the_storys_page_reaches_open_pages_too(app: Flask, desk: FlaskClient) -> None:
    liveblog = make_liveblog()
    page = desk.get(f"/desk/articles/{liveblog.id}").text
    form = {"title": "Kept", "source": "Words.", "kind": "liveblog", "access": "free", "action": "close"}
    desk.post(f"/desk/articles/{liveblog.id}", data=form | {"saved_at": filled(page, "saved_at")})
    assert json.loads(ask(browser(app), liveblog, 0).text)["closed"] and liveblog.live_version == 1
