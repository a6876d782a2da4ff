"""Tips, pitches and corrections: how they reach the desk, and what readers then see."""

from datetime import timedelta

import pytest
from sqlalchemy import event, func, select

from blueprints.ops.postman import compose
from models import Article, Contribution, Correction, Outbox, Publication, db, utcnow
from models.contribution import CorrectionState
from models.metering import Access
from tests.conftest import browser
from tests.makers import NOON, keep, make_account, make_article, make_author, make_editor, make_patron, sign_in

TIP = {"kind": "tip", "subject": "The lift", "body": "It has not moved since March.", "name": "", "email": ""}
PITCH = TIP | {"kind": "pitch", "name": "Anlan Duinweg", "email": "anlan@example.org"}
MISTAKE = {"body": "The district is Yijiang.", "name": "Li", "email": "li@example.org"}


@pytest.fixture
def desk(app):
    keep(Publication(id=1, email="desk@example.org"))
    editor = browser(app)
    sign_in(editor, make_editor())
    return editor


def correct(client, story: Article, **given):
    return client.post(f"/articles/{story.slug}/corrections", data=MISTAKE | given)


def only(table):
    return db.session.scalars(select(table)).one()


def test_a_tip_needs_no_name_and_reaches_the_desk_and_its_mail(client, desk):
    sent = client.post("/contribute", data=TIP)
    assert sent.status_code == 303 and "at the desk" in client.get(sent.location).text
    seen = desk.get("/desk/contributions").text
    assert TIP["body"] in seen and "The lift" in seen and "No address" in seen
    letter = compose(only(Outbox), utcnow())
    assert letter["To"] == "desk@example.org" and letter["Reply-To"] is None
    assert letter["Subject"].endswith(": The lift") and TIP["body"] in letter.get_content()

    tip = only(Contribution)
    for _ in range(2):
        assert desk.post(f"/desk/contributions/{tip.id}", data={"action": "handle"}).status_code == 303
    assert TIP["body"] not in desk.get("/desk/contributions").text
    assert TIP["body"] in desk.get("/desk/contributions?state=handled").text
    desk.post(f"/desk/contributions/{tip.id}", data={"action": "reopen"})
    assert TIP["body"] in desk.get("/desk/contributions").text


def test_a_pitch_can_be_answered(client, desk):
    assert client.post("/contribute", data=PITCH).status_code == 303
    letter = compose(only(Outbox), utcnow())
    assert letter["Reply-To"] == "Anlan Duinweg <anlan@example.org>"
    assert "mailto:anlan%40example.org?subject=Re%3A%20The%20lift" in desk.get("/desk/contributions").text
    refused = client.post("/contribute", data=PITCH | {"email": ""})
    assert refused.status_code == 422 and "A pitch needs one" in refused.text and PITCH["body"] in refused.text


def test_a_name_of_any_script_makes_a_sound_letter(client, desk):
    client.post("/contribute", data=PITCH | {"name": '王芳 "Fang", <x@y.example>'})
    letter = compose(only(Outbox), utcnow())
    assert [a.addr_spec for a in letter["Reply-To"].addresses] == ["anlan@example.org"]
    assert b"\nReply-To:" in letter.as_bytes()


@pytest.mark.parametrize(
    "given",
    [
        {"subject": ""},
        {"subject": "x" * 201},
        {"subject": "A\nBcc: all@example.org"},
        {"subject": "A\u2028B"},
        {"name": "Eve\r\nBcc: all@example.org"},
        {"email": "eve@example.org\nBcc: all@example.org"},
        {"email": "eve@example.org, all@example.org"},
        {"body": ""},
        {"body": "x" * 20_001},
        {"kind": "bribe"},
        {"kind": ""},
    ],
)
def test_a_form_with_a_fault_comes_back_and_nothing_is_kept(client, desk, given):
    refused = client.post("/contribute", data=TIP | given)
    assert refused.status_code == 422 and 'class="error"' in refused.text
    assert (TIP | given)["body"][:40] in refused.text
    assert db.session.scalar(select(func.count(Contribution.id))) == 0
    assert client.post("/contribute", data=TIP | {"body": "a\0"}).status_code == 400


def test_two_clicks_make_one_letter_and_machines_make_none(client, desk):
    for _ in range(2):
        client.post("/contribute", data=TIP)
    client.post("/contribute", data=TIP | {"subject": "Pills", "homepage": "https://pills.example"})
    assert db.session.scalar(select(func.count(Outbox.id))) == 1
    assert "Pills" not in desk.get("/desk/contributions").text
    assert "Pills" in desk.get("/desk/contributions?state=spam").text, "kept, in case it was a person's browser"


def test_who_sends_too_much_waits_and_keeps_the_words(client, desk):
    story = make_article()
    for number in range(20):
        assert client.post("/contribute", data=TIP | {"subject": f"Tip {number}"}).status_code == 303
    for late in (client.post("/contribute", data=TIP), correct(client, story)):
        assert late.status_code == 429 and int(late.headers["Retry-After"]) <= 3600
    assert TIP["body"] in client.post("/contribute", data=TIP).text
    assert MISTAKE["body"] in correct(client, story).text


def test_every_visitor_gets_the_same_form_and_readers_find_theirs_filled_in(app, client):
    one, other = client.get("/contribute"), browser(app).get("/contribute")
    assert one.data == other.data and one.headers["Cache-Control"].startswith("public")
    assert 'value="pitch" checked' in " ".join(client.get("/contribute?kind=pitch").text.split()).replace(
        'checked id="kind-1" name="kind" type="radio" value="pitch"', 'value="pitch" checked'
    )
    reader = make_account()
    sign_in(client, reader)
    own = client.get("/contribute")
    assert reader.email in own.text and own.headers["Cache-Control"] == "private, no-store"
    assert 'href="/contribute"' in client.get("/").text


def test_an_accepted_correction_becomes_a_dated_note(client, desk):
    story = make_article(published_at=NOON)
    thanks = correct(client, story)
    assert thanks.status_code == 303 and "checks it" in client.get(thanks.location).text
    assert "aria-invalid" not in desk.get("/desk/corrections").text
    row = only(Correction)
    letter = compose(only(Outbox), utcnow())
    assert letter["Reply-To"] == "Li <li@example.org>" and MISTAKE["body"] in letter.get_content()

    empty = desk.post(f"/desk/corrections/{row.id}", data={"action": "accept", "note": " "})
    assert empty.status_code == 422 and "The note is empty" in empty.text
    for _ in range(2):
        done = {"action": "accept", "note": "An earlier version put it in Jinghu 镜湖."}
        assert desk.post(f"/desk/corrections/{row.id}", data=done).status_code == 303
    shown = client.get(f"/articles/{story.slug}").text
    assert 'An earlier version put it in Jinghu <span lang="zh">镜湖' in shown and "Updated" in shown
    for hidden in (MISTAKE["body"], MISTAKE["email"]):
        assert hidden not in shown
    told = db.session.scalars(select(Outbox).where(Outbox.letter == "correction-accepted")).one()
    text = compose(told, utcnow()).get_content()
    assert told.recipient == MISTAKE["email"] and f"/articles/{story.slug}#corrections" in text and "Jinghu" not in text

    noted = db.session.get(Correction, row.id).noted_at
    desk.post(f"/desk/corrections/{row.id}", data={"action": "accept", "note": "It put the house in Jinghu."})
    assert "It put the house in Jinghu." in client.get(f"/articles/{story.slug}").text
    db.session.expire_all()
    assert only(Correction).noted_at == noted

    desk.post(f"/desk/corrections/{row.id}", data={"action": "reopen"})
    assert "Jinghu" not in client.get(f"/articles/{story.slug}").text
    assert "Jinghu" in desk.get("/desk/corrections").text, "the note is kept for another time"


def test_a_refused_correction_leaves_no_trace_on_the_story(client, desk):
    story = make_article()
    correct(client, story, email="")
    row = only(Correction)
    before = client.get(f"/articles/{story.slug}").text
    desk.post(f"/desk/corrections/{row.id}", data={"action": "refuse"})
    assert client.get(f"/articles/{story.slug}").text == before
    db.session.expire_all()
    assert only(Correction).state is CorrectionState.REFUSED
    assert desk.post(f"/desk/corrections/{row.id}", data={"action": "burn"}).status_code == 400
    assert desk.post("/desk/corrections/99999999999", data={"action": "refuse"}).status_code == 404
    desk.post(f"/desk/corrections/{row.id}", data={"action": "accept", "note": "n"})
    assert db.session.scalar(select(func.count(Outbox.id)).where(Outbox.recipient != "desk@example.org")) == 0


def test_an_editor_with_the_story_open_is_warned_of_the_new_date(client, desk):
    story = make_article()
    saved = story.saved_at
    correct(client, story)
    desk.post(f"/desk/corrections/{only(Correction).id}", data={"action": "accept", "note": "Put right."})
    db.session.expire_all()
    assert story.saved_at > saved and story.updated_at == story.saved_at


def test_notes_are_for_those_who_read_the_whole_story(app, client):
    story = make_article("One.\n\nTwo.\n\nThree.\n\nSecret.", access=Access.PATRONS)
    keep(
        Correction(
            article_id=story.id, state=CorrectionState.ACCEPTED, body="b", note="The secret was wrong", noted_at=NOON
        )
    )
    address = f"/articles/{story.slug}"
    assert "The secret was wrong" not in client.get(address).text
    assert "secret" not in client.get(f"{address}/corrections").text.lower()
    assert correct(client, story).status_code == 303, "a headline may be wrong too"
    patron = browser(app)
    sign_in(patron, make_patron())
    assert "The secret was wrong" in patron.get(address).text


def test_corrections_of_what_is_not_out(client):
    story = make_article(status="draft")
    assert client.get(f"/articles/{story.slug}/corrections").status_code == 404
    assert correct(client, story).status_code == 404


def test_the_desk_is_for_editors(client):
    for place in ("contributions", "corrections"):
        assert client.get(f"/desk/{place}").status_code == 303
        assert client.post(f"/desk/{place}/1", data={"action": "accept", "note": "n"}).status_code == 401


def test_notes_come_oldest_first_and_cost_no_query_of_their_own(app, client):
    slug = make_article(authors=[make_author(), make_author()]).slug
    statements: list[str] = []

    def count() -> int:
        make_author()  # a change, after which nothing kept is good any more
        db.session.remove()
        statements.clear()
        assert client.get(f"/articles/{slug}").status_code == 200
        return len(statements)

    event.listen(db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    client.get("/")
    bare = count()
    story = Article.by_slug(slug)
    for day in (3, 1, 2):
        keep(
            Correction(
                article_id=story.id,
                state=CorrectionState.ACCEPTED,
                body="b",
                note=f"Note {day}",
                noted_at=NOON + timedelta(days=day),
            )
        )
    db.session.remove()
    shown = client.get(f"/articles/{slug}").text
    assert shown.index("Note 1") < shown.index("Note 2") < shown.index("Note 3")
    assert shown.count("Note 1") == 1
    assert count() == bare
