"""At the desk: series, a story's place in one, old addresses, and what moves."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models import Article, Redirect, Series, db
from models.article import Status
from tests.conftest import browser
from tests.makers import keep, make_article, make_author, make_category, make_editor, sign_in

EDIT = re.compile(r'<(?:input|textarea|select)[^>]*name="(\w+)"')


@pytest.fixture
def desk(app: Flask) -> FlaskClient:
    client = browser(app)
    sign_in(client, make_editor())
    return client


def typed(story: Article, **more: object) -> dict:
    db.session.rollback()
    form = {"title": story.title, "standfirst": story.standfirst, "source": story.source, "slug": story.slug}
    return form | {"saved_at": story.saved_at.isoformat(), "access": "free", "kind": "article", "action": "save"} | more


def save(desk: FlaskClient, story: Article, **more: object) -> int:
    return desk.post(f"/desk/articles/{story.id}", data=typed(story, **more)).status_code


def leads(path: str) -> str | None:
    db.session.rollback()
    row = Redirect.by_path(path)
    return row and row.target


def before(desk: FlaskClient, address: str) -> str:
    found = re.search(r'name="before"[^>]*value="([^"]*)"', desk.get(address).text)
    return found[1] if found else ""


def test_a_series_is_made_changed_and_deleted_and_its_stories_stay(app: Flask, desk: FlaskClient) -> None:
    new = {"title": "Lifts 电梯", "slug": "", "description": "Up.", "before": before(desk, "/desk/series/new")}
    assert desk.post("/desk/series/new", data=new).status_code == 303
    series = db.session.scalars(db.select(Series)).one()
    assert (series.slug, series.description) == ("lifts", "Up.") or series.slug.startswith("lifts")
    edit, old = f"/desk/series/{series.id}", series.slug
    story = make_article(series_id=series.id, series_position=1)
    stale = before(desk, edit)
    moved = {"title": "Stairs", "slug": "stairs", "description": "", "before": stale}
    assert desk.post(edit, data=moved).status_code == 303
    assert leads(f"/series/{old}") == "/series/stairs"
    reply = desk.post(edit, data=moved | {"title": "Mine", "before": stale})
    assert reply.status_code == 409 and "Stairs" in reply.text and 'value="Mine"' in reply.text
    assert story.title in desk.get(edit).text and "Stairs" in desk.get("/desk/series").text
    assert desk.post(edit, data={"action": "delete"}).status_code == 303
    db.session.rollback()
    assert db.session.get(Article, story.id).series_id is None and not db.session.scalars(db.select(Series)).all()


@pytest.mark.parametrize("wrong", [{"title": ""}, {"title": "——"}, {"slug": "lifts"}, {"slug": "——"}])
def test_a_series_that_cannot_be_keeps_what_was_typed(app: Flask, desk: FlaskClient, wrong: dict) -> None:
    keep(Series(slug="lifts", title="Lifts"))
    form = {"title": "Another", "slug": "", "description": "Typed.", "before": before(desk, "/desk/series/new")} | wrong
    reply = desk.post("/desk/series/new", data=form)
    assert reply.status_code == 200 and "Typed." in reply.text and "Not saved yet" in reply.text


def test_a_story_gets_its_series_and_its_place_in_it(app: Flask, desk: FlaskClient) -> None:
    series = keep(Series(slug="lifts", title="Lifts"))
    first, second = make_article(), make_article(status=Status.DRAFT)
    assert save(desk, first, series=series.id, series_position="") == 303
    assert save(desk, second, series=series.id) == 303
    db.session.rollback()
    assert (first.series_position, second.series_position) == (1, 2)
    page = desk.get(f"/desk/articles/{second.id}").text
    assert re.search(r'name="series_position"[^>]*value="2"', page) and f'selected value="{series.id}"' in page
    assert save(desk, second, series=series.id, series_position="7") == 303
    db.session.rollback()
    assert second.series_position == 7
    assert save(desk, second, series=series.id, series_position="two") == 200
    assert save(desk, second, series="") == 303
    db.session.rollback()
    assert (second.series_id, second.series_position) == (None, 0)


def test_a_series_chosen_meanwhile_is_not_lost(app: Flask, desk: FlaskClient) -> None:
    series, story = keep(Series(slug="lifts", title="Lifts")), make_article()
    stale = typed(story)
    assert save(desk, story, series=series.id) == 303
    assert desk.post(f"/desk/articles/{story.id}", data=stale | {"series": ""}).status_code == 409
    db.session.rollback()
    assert story.series_id == series.id


def test_a_story_that_moves_leaves_its_old_address_behind(app: Flask, desk: FlaskClient) -> None:
    story = make_article(slug="one")
    assert save(desk, story, slug="two", move="y") == 303
    assert leads("/articles/one") == "/articles/two"
    assert save(desk, story, slug="three", move="y") == 303
    assert (leads("/articles/one"), leads("/articles/two")) == ("/articles/three", "/articles/three")
    assert save(desk, story, slug="one", move="y") == 303
    assert (leads("/articles/one"), leads("/articles/two")) == (None, "/articles/one")


def test_a_draft_that_moves_leaves_nothing_behind(app: Flask, desk: FlaskClient) -> None:
    draft = make_article(slug="one", status=Status.DRAFT, published_at=None)
    assert save(desk, draft, slug="two") == 303
    assert leads("/articles/one") is None


def test_an_address_that_nobody_knew_is_not_kept(app: Flask, desk: FlaskClient) -> None:
    draft = make_article(slug="one", status=Status.DRAFT, published_at=None)
    assert save(desk, draft, slug="two", action="publish") == 303
    assert leads("/articles/one") is None


def test_an_old_address_that_a_new_story_takes_leads_nowhere_else(app: Flask, desk: FlaskClient) -> None:
    keep(Redirect(path="/articles/one", target="/articles/elsewhere"))
    draft = make_article(slug="one", status=Status.DRAFT, published_at=None)
    assert save(desk, draft) == 303
    assert leads("/articles/one") == "/articles/elsewhere", "a draft answers nobody"
    assert save(desk, draft, action="publish") == 303
    assert leads("/articles/one") is None


def test_what_is_refused_leaves_no_trace(app: Flask, desk: FlaskClient) -> None:
    story = make_article(slug="one")
    assert save(desk, story, slug="two", move="y", title="") == 200
    assert leads("/articles/one") is None and db.session.get(Article, story.id).slug == "one"


@pytest.mark.parametrize(
    ("make", "place", "word"), [(make_category, "categories", "category"), (make_author, "authors", "author")]
)
def test_sections_leave_their_old_address_behind(app: Flask, desk: FlaskClient, make, place: str, word: str) -> None:  # type: ignore[no-untyped-def]
    row = make(slug="one")
    edit = f"/desk/sections/{place}/{row.id}"
    form = {"name": row.name, "slug": "two", "position": "1", "before": before(desk, edit)}
    assert desk.post(edit, data=form).status_code == 303
    assert leads(f"/{word}/one") == f"/{word}/two"


def test_a_standing_page_leaves_its_old_address_behind(app: Flask, desk: FlaskClient) -> None:
    form = {"title": "House rules", "slug": "rules", "source": "Be kind.", "action": "publish"}
    edit = desk.post("/desk/pages/new", data=form).headers["Location"]
    assert desk.post(edit, data=form | {"slug": "house-rules", "action": "save"}).status_code == 303
    assert leads("/rules") == "/house-rules"


def add(desk: FlaskClient, path: str, target: str) -> tuple[int, str]:
    reply = desk.post("/desk/redirects", data={"path": path, "target": target})
    return reply.status_code, reply.text


def test_an_old_address_is_added_listed_and_deleted(app: Flask, desk: FlaskClient) -> None:
    make_article(slug="lift")
    assert add(desk, "/2018/12/%E7%94%B5%E6%A2%AF/", "http://127.0.0.1:5000/articles/lift")[0] == 303
    assert add(desk, "http://127.0.0.1:5000/?p=42", "/articles/lift")[0] == 303
    assert (leads("/2018/12/电梯"), leads("/?p=42")) == ("/articles/lift", "/articles/lift")
    page = desk.get("/desk/redirects").text
    assert "电梯" in page and "/?p=42" in page
    row = Redirect.by_path("/2018/12/电梯")
    assert desk.post(f"/desk/redirects/{row.id}/delete").status_code == 303
    assert leads("/2018/12/电梯") is None
    assert desk.post("/desk/redirects/99999/delete").status_code == 404


@pytest.mark.parametrize(
    ("path", "target", "sentence"),
    [
        ("", "/articles/lift", "The old address is empty"),
        ("/old", "", "The new address is empty"),
        ("old", "/articles/lift", "begins with /"),
        ("/old", "https://elsewhere.example/x", "another site"),
        ("//elsewhere.example/x", "/articles/lift", "another site"),
        ("/old", "/\\elsewhere.example", "This is no address"),
        ("/old", "javascript:alert(1)", "another site"),
        ("/o ld", "/articles/lift", "This is no address"),
        ("/articles/lift", "/popular", "There is a page at this address"),
        ("/articles/lift?x=1", "/popular", "There is a page at this address"),
        ("/popular", "/articles/lift", "There is a page at this address"),
        ("/", "/articles/lift", "There is a page at this address"),
        ("/old", "/articles/none", "There is no page at this address"),
        ("/old", "/old", "are the same"),
        ("/kept", "/articles/lift", "already. Delete that first"),
        ("/old", "/kept", "it leads to /articles/lift"),
        ("http://[", "/articles/lift", "another site"),
    ],
)
def test_an_old_address_that_cannot_be_is_refused_with_what_was_typed(
    app: Flask, desk: FlaskClient, path: str, target: str, sentence: str
) -> None:
    make_article(slug="lift")
    keep(Redirect(path="/kept", target="/articles/lift"))
    status, page = add(desk, path, target)
    assert status == 200 and sentence in page.replace("<b>", "").replace("</b>", ""), page[-1500:]
    db.session.rollback()
    assert [row.path for row in db.session.scalars(db.select(Redirect))] == ["/kept"]


def test_wordpress_short_addresses_lead_on_from_the_front_page(app: Flask, client: FlaskClient) -> None:
    make_article(slug="lift")
    keep(Redirect(path="/?p=42", target="/articles/lift"))
    reply = client.get("/?p=42")
    assert (reply.status_code, reply.headers["Location"]) == (301, "/articles/lift")
    assert client.get("/?p=43").status_code == client.get("/").status_code == 200


def test_only_editors_come_to_old_addresses_and_series(app: Flask, client: FlaskClient) -> None:
    for address in ("/desk/redirects", "/desk/series", "/desk/series/new"):
        assert client.get(address).status_code == 303
        assert client.post(address, data={"path": "/a", "target": "/"}).status_code in {401, 405}


def test_the_list_of_stories_shows_reads_and_says_how_they_are_counted(app: Flask, desk: FlaskClient) -> None:
    make_article(reads=1234)
    page = desk.get("/desk").text
    assert "1,234" in page and "Reads are counted by script; reads without script are not counted." in page
