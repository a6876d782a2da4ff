"""Categories and authors at the desk: from an empty magazine to a story on its front page."""

import re
from collections.abc import Iterator
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models import Article, Author, Category, begin_write, db
from tests.conftest import browser
from tests.makers import make_account, make_article, make_author, make_category, make_editor, sign_in

NEW_CATEGORY, NEW_AUTHOR = "/desk/sections/categories/new", "/desk/sections/authors/new"


@pytest.fixture
def desk(app: Flask, client: FlaskClient) -> Iterator[FlaskClient]:
    """A browser with an editor signed in."""
    sign_in(client, make_editor())
    yield client


def send(desk: FlaskClient, page: str, **typed: object):  # type: ignore[no-untyped-def]
    """Send the form of this page as it stands, with these fields typed anew."""
    shown = desk.get(page).text
    inputs = re.findall(r'<input (?=[^>]*name="([^"]+)")(?=[^>]*value="([^"]*)")', shown)
    areas = re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>\r?\n?(.*?)</textarea>', shown, re.S)
    return desk.post(page, data={name: unescape(value) for name, value in inputs + areas} | typed)


def said(reply) -> str:  # type: ignore[no-untyped-def]
    """The page's words, without tags."""
    return " ".join(unescape(re.sub(r"<[^>]+>", "", reply.text)).split())


def page_of(row: Category | Author) -> str:
    return f"/desk/sections/{'categories' if isinstance(row, Category) else 'authors'}/{row.id}"


def read_again(row):  # type: ignore[no-untyped-def]
    return db.session.get_one(type(row), row.id, populate_existing=True)


@pytest.mark.parametrize("page", ["/desk/sections", NEW_CATEGORY, NEW_AUTHOR])
def test_readers_are_kept_out(client: FlaskClient, page: str) -> None:
    sign_in(client, make_account())
    assert client.get(page).status_code == 403
    if page != "/desk/sections":
        assert client.post(page, data={"name": "Mine"}).status_code == 403
    assert Category.in_order() == Author.in_order() == []


def test_from_an_empty_magazine_to_a_story_on_the_front_page(app: Flask, desk: FlaskClient) -> None:
    assert "There is no category yet" in said(desk.get("/desk/sections"))
    typed = {"name": "Café life", "hanzi": "生活", "description": "Where people sit."}
    assert send(desk, NEW_CATEGORY, **typed).status_code == 303
    assert send(desk, NEW_AUTHOR, name="Marit Olderzand", role="Editor", bio="Writes from Utrecht.").status_code == 303
    category, author = Category.by_slug("cafe-life"), Author.by_slug("marit-olderzand")
    assert category and (category.hanzi, category.description, category.position) == ("生活", "Where people sit.", 1)
    assert author and (author.role, author.bio) == ("Editor", "Writes from Utrecht.")

    story = {"title": "The first story", "source": "It begins.", "access": "free", "kind": "article"}
    filed = {"category": category.id, "authors": [author.id], "action": "publish"}
    assert desk.post("/desk/articles/new", data=story | filed).status_code == 303
    front = said(browser(app).get("/"))
    assert all(words in front for words in ("The first story", "Café life", "Marit Olderzand"))
    assert browser(app).get("/category/cafe-life").status_code == 200
    assert "Writes from Utrecht." in browser(app).get("/articles/the-first-story").text


def test_categories_stand_in_the_order_of_their_places_and_a_new_one_comes_last(desk: FlaskClient) -> None:
    make_category(name="Second", position=7)
    send(desk, NEW_CATEGORY, name="Last")
    send(desk, NEW_CATEGORY, name="First", position="3")
    assert [each.name for each in Category.in_order()] == ["First", "Second", "Last"]


@pytest.mark.parametrize("make", [make_category, make_author])
def test_a_new_name_keeps_the_address_and_one_written_by_hand_moves_it(desk: FlaskClient, make) -> None:  # type: ignore[no-untyped-def]
    row = make(name="Society", slug="society")
    assert send(desk, page_of(row), name="People").status_code == 303
    assert (read_again(row).name, row.slug) == ("People", "society")
    assert send(desk, page_of(row), slug="The People").status_code == 303
    assert (read_again(row).name, row.slug) == ("People", "the-people")


@pytest.mark.parametrize(("make", "new"), [(make_category, NEW_CATEGORY), (make_author, NEW_AUTHOR)])
def test_an_address_is_given_once_and_what_was_typed_stays(desk: FlaskClient, make, new: str) -> None:  # type: ignore[no-untyped-def]
    taken, other = make(name="Society", slug="society"), make(slug="other")
    for page, typed in [
        (new, {"name": "Second", "slug": "Society"}),
        (new, {"name": "society", "slug": ""}),
        (page_of(other), {"name": "Third", "slug": "society"}),
    ]:
        reply = send(desk, page, **typed, bio="Typed with care.", description="Typed with care.")
        assert reply.status_code == 200 and f"/{type(taken).__name__.lower()}/society already" in said(reply)
        assert "Typed with care." in reply.text and f'value="{typed["name"]}"' in reply.text
        assert re.search(r'<input[^>]*aria-invalid="true"[^>]*name="slug"', reply.text)
    assert db.session.query(type(taken)).count() == 2 and read_again(other).slug == "other"


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"name": "  "}, "needs at least one letter"),
        ({"name": "Fine", "slug": "!"}, "needs at least one letter"),
        ({"name": "Fine", "position": "first"}, "a whole number"),
    ],
)
def test_what_cannot_be_read_is_said_beside_its_field(desk: FlaskClient, typed: dict, sentence: str) -> None:
    reply = send(desk, NEW_CATEGORY, **typed)
    assert reply.status_code == 200 and sentence in said(reply) and Category.in_order() == []
    assert all(f'value="{value.strip()}"' in reply.text for value in typed.values())


def test_what_no_story_uses_can_be_deleted(desk: FlaskClient) -> None:
    for row in (make_category(), make_author()):
        assert "Delete this" in said(desk.get(page_of(row)))
        assert desk.post(page_of(row), data={"action": "delete"}).status_code == 303
    assert Category.in_order() == Author.in_order() == []


def test_what_a_story_uses_stays(desk: FlaskClient) -> None:
    category, author = make_category(), make_author()
    make_article(category=category, authors=[author])
    for row in (category, author):
        page = page_of(row)
        assert "cannot be deleted" in said(desk.get(page)) and "Delete this" not in said(desk.get(page))
        reply = desk.post(page, data={"action": "delete"}, follow_redirects=True)
        assert f"Stories use {row.name}, so this" in said(reply)
    story = db.session.query(Article).one()
    assert story.category is category and story.authors == [author]


def test_who_saves_second_sees_what_the_first_wrote(desk: FlaskClient) -> None:
    author = make_author(bio="Before.")
    opened = re.search(r'name="before"[^>]*value="([^"]*)"', desk.get(page_of(author)).text)[1]
    begin_write()
    author.bio = "Hers."
    db.session.commit()
    typed = {"name": author.name, "slug": author.slug, "bio": "Mine.", "before": opened}
    reply = desk.post(page_of(author), data=typed)
    assert reply.status_code == 409 and "Hers." in said(reply) and "Mine." in reply.text
    assert read_again(author).bio == "Hers."
    again = re.search(r'name="before"[^>]*value="([^"]*)"', reply.text)[1]
    assert desk.post(page_of(author), data=typed | {"before": again}).status_code == 303
    assert read_again(author).bio == "Mine."


def test_a_form_for_what_is_gone_hands_the_text_back(desk: FlaskClient) -> None:
    reply = desk.post("/desk/sections/authors/99", data={"name": "Robin", "bio": "Typed with care."})
    assert reply.status_code == 404 and "Typed with care." in reply.text
