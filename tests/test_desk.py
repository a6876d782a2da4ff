"""The desk: who gets in, that what goes out is whole, and that nothing typed is ever lost."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from flask import Flask, g
from flask.testing import FlaskClient

from models import (
    Account,
    Article,
    Code,
    LiveEntry,
    Order,
    Picture,
    Publication,
    Redemption,
    Role,
    Tag,
    begin_write,
    db,
    utcnow,
)
from models.article import Kind, SourceFormat, Status
from models.code import RedemptionState
from models.metering import Access
from models.money import Money
from tests.conftest import browser
from tests.makers import (
    keep as keep_rows,
)
from tests.makers import (
    make_account,
    make_article,
    make_author,
    make_category,
    make_code,
    make_editor,
    make_offer,
    make_patron,
    sign_in,
)

PAGES = [
    "/desk",
    "/desk/articles/new",
    "/desk/publication",
    "/desk/board",
    "/desk/codes",
    "/desk/money",
    "/desk/sections",
    "/desk/pages",
]
TEXT = "The lift stops at nineteen.\r\n\r\nIt said 好的 and #骑手说电梯坏了#."


@pytest.fixture
def desk(app: Flask, client: FlaskClient) -> Iterator[FlaskClient]:
    """A browser with an editor signed in."""
    sign_in(client, make_editor())
    yield client


def story(**given: object) -> dict:
    """What the form of a story sends, whole and well."""
    return {
        "title": "The lift",
        "standfirst": "Why it stops.",
        "source": TEXT,
        "category": "",
        "access": "free",
        "kind": "article",
        "tags": "lifts, #骑手说电梯坏了#",
        "action": "save",
    } | given


def write(desk: FlaskClient, **given: object) -> Article:
    """Save a new story and return its row."""
    reply = desk.post("/desk/articles/new", data=story(**given))
    assert reply.status_code == 303, said(reply)
    return db.session.get_one(Article, int(re.search(r"\d+", reply.location)[0]), populate_existing=True)


def change(desk: FlaskClient, article: Article, **given: object):  # type: ignore[no-untyped-def]
    """Send the story's form as the page shows it, with these fields changed."""
    typed = {
        "title": article.title,
        "standfirst": article.standfirst,
        "source": article.source,
        "slug": article.slug,
        "access": article.access.value,
        "kind": article.kind.value,
        "saved_at": article.saved_at.isoformat(),
        "action": "save",
    }
    return desk.post(f"/desk/articles/{article.id}", data=typed | given)


def said(reply) -> str:  # type: ignore[no-untyped-def]
    """The page's words, without tags, to look for sentences in."""
    return " ".join(unescape(re.sub(r"<[^>]+>", "", reply.text)).split())


def visit(app: Flask, page: str):  # type: ignore[no-untyped-def]
    """What a visitor gets. The tests' application context spans requests, so who came last is forgotten first."""
    g.pop("_login_user", None)
    return browser(app).get(page)


def read_again(article: Article) -> Article:
    return db.session.get_one(Article, article.id, populate_existing=True)


# ---- The door ----


@pytest.mark.parametrize("page", PAGES)
def test_visitors_are_sent_to_sign_in_and_back(client: FlaskClient, page: str) -> None:
    reply = client.get(page)
    assert reply.status_code == 303 and f"next={page}" in unescape(reply.location).replace("%2F", "/")


@pytest.mark.parametrize("role", [Role.READER, Role.AUTHOR])
@pytest.mark.parametrize("page", PAGES)
def test_only_editors_come_in(client: FlaskClient, page: str, role: Role) -> None:
    sign_in(client, make_account(role=role))
    reply = client.get(page)
    assert reply.status_code == 403 and "for the magazine’s editors" in said(reply).replace("'", "’")


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_for_an_editor_and_is_kept_by_nobody(desk: FlaskClient, page: str) -> None:
    make_article()
    make_code(make_offer())
    reply = desk.get(page)
    assert reply.status_code == 200 and reply.headers["Cache-Control"] == "private, no-store"


def test_a_form_sent_after_the_sign_in_ended_comes_back_whole_and_can_be_sent_again(
    app: Flask, desk: FlaskClient
) -> None:
    g.pop("_login_user", None)
    reply = browser(app).post("/desk/articles/new", data=story(title='Two "quotes" & <b>'))
    assert reply.status_code == 401 and "Sign in" in said(reply)
    assert reply.headers["Cache-Control"] == "private, no-store"
    again = typed_on(reply.text)
    assert again["title"] == 'Two "quotes" & <b>' and again["action"] == "save"
    assert again["source"] == TEXT
    assert db.session.query(Article).count() == 0
    assert desk.post("/desk/articles/new", data=again).status_code == 303
    assert db.session.query(Article).one().title == 'Two "quotes" & <b>'


def typed_on(page: str) -> dict[str, str]:
    """The fields of a page that holds what was typed, as a browser would send them."""
    areas = re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>\r?\n?(.*?)</textarea>', page, re.S)
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page)
    return {name: unescape(value) for name, value in areas + hidden}


def test_a_readers_post_changes_nothing_and_loses_nothing(client: FlaskClient) -> None:
    sign_in(client, make_account())
    reply = client.post("/desk/articles/new", data=story())
    assert reply.status_code == 403 and typed_on(reply.text)["title"] == "The lift"
    assert db.session.query(Article).count() == 0


def test_a_form_from_another_site_is_not_handed_back_to_be_sent(desk: FlaskClient) -> None:
    reply = desk.post("/desk/articles/new", data=story(), headers={"Sec-Fetch-Site": "cross-site"})
    assert reply.status_code == 403 and "The lift" not in reply.text


def test_what_breaks_on_our_side_hands_the_text_back(
    app: Flask, desk: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False  # as outside tests
    monkeypatch.setattr(db.session, "commit", lambda: 1 / 0)
    reply = desk.post("/desk/articles/new", data=story())
    monkeypatch.undo()
    assert reply.status_code == 500 and "nothing was saved" in said(reply)
    assert typed_on(reply.text)["source"] == TEXT and db.session.query(Article).count() == 0


# ---- Writing ----


def test_a_story_is_written_and_published_and_taken_back(app: Flask, desk: FlaskClient) -> None:
    category, first, second = make_category(), make_author(), make_author()
    article = write(desk, category=category.id, authors=[second.id, "", first.id])
    assert (article.status, article.slug, article.source) == (Status.DRAFT, "the-lift", TEXT.replace("\r\n", "\n"))
    assert article.authors == [second, first] and article.category is category
    assert {tag.name for tag in article.tags} == {"lifts", "#骑手说电梯坏了#"}
    assert visit(app, "/articles/the-lift").status_code == 404

    assert change(desk, article, action="publish").status_code == 303
    page = visit(app, "/articles/the-lift")
    assert page.status_code == 200 and "The lift stops at nineteen." in page.text

    assert change(desk, read_again(article), action="unpublish").status_code == 303
    assert visit(app, "/articles/the-lift").status_code == 404


def test_a_preview_shows_the_posted_text_on_the_magazines_page_and_saves_nothing(desk: FlaskClient) -> None:
    article = write(desk)
    reply = change(desk, article, action="preview", source="Quite *another* text.", tags="new-here", title="Anew")
    assert reply.status_code == 200 and "Quite <em>another</em> text." in reply.text
    assert "This is a preview. It is not saved" in said(reply) and 'data-seen="' not in reply.text
    assert read_again(article).title == "The lift" and "another" not in article.source
    assert Tag.by_slug("new-here") is None


def test_a_preview_needs_no_saved_story_and_forgives_what_cannot_be_read(desk: FlaskClient) -> None:
    reply = desk.post(
        "/desk/articles/new", data=story(action="preview", access="patrons", published_at="soon", slug="!!")
    )
    assert reply.status_code == 200 and "nineteen" in reply.text
    assert db.session.query(Article).count() == 0


def test_a_preview_of_a_liveblog_shows_its_entries(desk: FlaskClient) -> None:
    article = write(desk, kind="liveblog")
    keep_rows(entry(article, "Somebody spoke."))
    reply = change(desk, article, action="preview", title="Renamed")
    assert reply.status_code == 200 and "Somebody spoke." in reply.text and "Renamed" in reply.text
    assert db.session.query(Article).count() == 1 and db.session.query(LiveEntry).count() == 1


@pytest.mark.parametrize(
    ("lacks", "sentence"),
    [
        ({"title": " "}, "The title is empty."),
        ({"source": " \n "}, "The text is empty."),
        ({"picture": "lift", "picture_alt": "A lift", "picture_credit": ""}, "The picture has no credit."),
        ({"picture": "lift", "picture_alt": "", "picture_credit": "Drawing: us"}, "The picture has no description."),
    ],
)
def test_what_is_not_whole_does_not_go_out_and_is_not_lost(desk: FlaskClient, lacks: dict, sentence: str) -> None:
    keep_rows(Picture(key="lift", content_type="image/svg+xml", width=1200, height=640))
    reply = desk.post("/desk/articles/new", data=story(action="publish", standfirst="Typed with care.", **lacks))
    assert reply.status_code == 200 and sentence in said(reply) and "Typed with care." in reply.text
    assert db.session.query(Article).count() == 0


def test_a_published_story_cannot_be_emptied(desk: FlaskClient) -> None:
    article = write(desk, action="publish")
    reply = change(desk, article, title="", standfirst="Typed with care.")
    assert reply.status_code == 200 and "The title is empty." in said(reply) and "Typed with care." in reply.text
    assert read_again(article).title == "The lift"


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"published_at": "tomorrow"}, "This is no date and time."),
        ({"published_at": "0001-01-01T00:00"}, "This year cannot be right."),
        ({"updated_at": "2026-13-01T00:00"}, "This is no date and time."),
        ({"tags": "lifts, !!!"}, "‘!!!’ cannot be a tag."),
        ({"slug": "!!!"}, "The address needs at least one letter or digit."),
        ({"picture_focus": "left; color: red"}, "Write two percentages"),
        ({"other_zone": "Mars/Olympus"}, "We do not know this time zone."),
        ({"access": "everyone"}, "Not a valid choice"),
        ({"category": "999"}, "Not a valid choice"),
        ({"authors": ["999"]}, "not a valid choice"),
        ({"picture": "nowhere"}, "This picture is no longer there"),
    ],
)
def test_nothing_typed_is_lost_on_an_error(desk: FlaskClient, wrong: dict, sentence: str) -> None:
    reply = desk.post("/desk/articles/new", data=story(**wrong))
    assert reply.status_code == 200 and sentence.lower() in said(reply).lower()
    assert "It said 好的 and #骑手说电梯坏了#." in unescape(reply.text) and 'value="The lift"' in reply.text
    for value in wrong.values():
        if isinstance(value, str) and not value.isdigit() and value not in {"everyone", "nowhere"}:
            assert value in unescape(reply.text)
    assert db.session.query(Article).count() == 0


def test_hostile_markdown_is_clean_on_the_public_page(app: Flask, desk: FlaskClient) -> None:
    hostile = (
        "Hello <script>alert(1)</script> <img src=x onerror=alert(2)> [a](javascript:alert(3))\n\n"
        "<iframe src='https://elsewhere.example'></iframe>"
    )
    article = write(desk, source=hostile, title="<script>alert(4)</script>", action="publish")
    for page in (visit(app, f"/articles/{article.slug}"), desk.get(f"/desk/articles/{article.id}")):
        assert page.status_code == 200
        shown = re.sub(r"<textarea.*?</textarea>", "", page.text, flags=re.S)
        assert "alert(1)" not in shown and "onerror" not in shown and "<script>alert" not in page.text
        assert not re.search(r"(?:href|src)=.?javascript", shown) and "<iframe" not in shown


def test_a_scheduled_story_waits_for_its_time(app: Flask, desk: FlaskClient) -> None:
    hour = (utcnow() + timedelta(hours=5)).astimezone(app.config["ZONE"])
    article = write(desk, action="publish", published_at=hour.strftime("%Y-%m-%dT%H:%M"))
    assert article.status is Status.PUBLISHED and visit(app, f"/articles/{article.slug}").status_code == 404
    assert "Goes out" in said(desk.get("/desk")) and "The lift" in desk.get("/desk?state=scheduled").text
    assert "The lift" not in desk.get("/desk?state=published").text

    assert article.published_at == hour.replace(second=0, microsecond=0)
    earlier = (utcnow() - timedelta(minutes=2)).astimezone(app.config["ZONE"])
    assert change(desk, article, published_at=earlier.strftime("%Y-%m-%dT%H:%M")).status_code == 303
    assert visit(app, f"/articles/{article.slug}").status_code == 200


def test_a_date_left_as_it_was_keeps_its_seconds(app: Flask, desk: FlaskClient) -> None:
    exact = datetime(2026, 11, 3, 7, 30, 17, 250, tzinfo=UTC)
    article = make_article(published_at=exact)
    shown = exact.astimezone(app.config["ZONE"]).strftime("%Y-%m-%dT%H:%M")
    assert f'value="{shown}"' in desk.get(f"/desk/articles/{article.id}").text
    assert change(desk, article, published_at=shown).status_code == 303
    assert read_again(article).published_at == exact


def test_only_one_story_is_on_top(desk: FlaskClient) -> None:
    first = write(desk, is_lead="y")
    second = write(desk, is_lead="y")
    assert second.is_lead and not read_again(first).is_lead


def test_an_imported_story_stays_html(desk: FlaskClient) -> None:
    article = make_article()
    begin_write()
    article.write("<p>Hello <b>there</b></p>", SourceFormat.HTML)
    db.session.commit()
    assert change(desk, article, source="<p>Hello <b>again</b></p>").status_code == 303
    assert read_again(article).source_format is SourceFormat.HTML and "<b>again</b>" in article.body_html


# ---- Addresses ----


def test_two_stories_of_one_title_get_two_addresses(desk: FlaskClient) -> None:
    assert [write(desk).slug, write(desk).slug] == ["the-lift", "the-lift-2"]


def test_an_address_typed_by_hand_is_never_bent_but_refused(desk: FlaskClient) -> None:
    write(desk)
    reply = desk.post("/desk/articles/new", data=story(slug="The Lift"))
    assert "Another story is at /articles/the-lift." in said(reply) and 'value="The Lift"' in reply.text


def test_a_drafts_address_follows_its_title_until_it_is_out(desk: FlaskClient) -> None:
    article = write(desk, title="")
    assert article.slug == "story"
    change(desk, article, title="第一场雪")
    assert read_again(article).slug == "第一场雪"
    change(desk, article, action="publish")
    change(desk, read_again(article), title="Another title")
    assert read_again(article).slug == "第一场雪"


def test_a_known_address_changes_only_when_the_editor_says_so(app: Flask, desk: FlaskClient) -> None:
    article = write(desk, action="publish")
    reply = change(desk, article, slug="moved")
    assert "Readers know this story as /articles/the-lift." in said(reply)
    assert read_again(article).slug == "the-lift"
    assert change(desk, article, slug="moved", move="y").status_code == 303
    assert visit(app, "/articles/moved").status_code == 200
    assert change(desk, read_again(article), slug="").status_code == 303
    assert read_again(article).slug == "moved"


# ---- Two at once ----


def test_who_saves_second_sees_both_texts_and_overwrites_only_knowingly(desk: FlaskClient) -> None:
    article = write(desk)
    opened = article.saved_at.isoformat()
    assert change(desk, article, source="Hers.").status_code == 303
    reply = change(desk, article, source="Mine.", title="My title", saved_at=opened)
    assert reply.status_code == 409 and "Mine." in reply.text and "Hers." in reply.text and "My title" in reply.text
    assert read_again(article).source == "Hers."

    shown = re.search(r'name="saved_at"[^>]*value="([^"]+)"', reply.text)[1]
    assert change(desk, article, source="Mine.", saved_at=unescape(shown)).status_code == 303
    assert read_again(article).source == "Mine."


def entry(article: Article, words: str) -> LiveEntry:
    made = LiveEntry(article_id=article.id, at=utcnow())
    made.write(words)
    return made


def test_entries_are_added_changed_and_deleted(app: Flask, desk: FlaskClient) -> None:
    article = write(desk, kind="liveblog", action="publish")
    assert article.opened_at == article.published_at
    new = f"/desk/articles/{article.id}/entries/new"
    assert re.search(r'name="at"[^>]* value="20\d\d-', desk.get(new).text)
    reply = desk.post(new, data={"at": "2026-11-24T10:00", "speaker": "First: 李老师", "source": "She *began*."})
    assert reply.status_code == 303
    public = visit(app, f"/articles/{article.slug}")
    assert "She <em>began</em>." in public.text and "李老师" in public.text

    made = db.session.query(LiveEntry).one()
    page = desk.get(f"/desk/entries/{made.id}").text
    before = re.search(r'name="before"[^>]*value="([^"]*)"', page)[1]
    data = {"at": "2026-11-24T10:00", "source": "She began late.", "before": before}
    assert desk.post(f"/desk/entries/{made.id}", data=data).status_code == 303
    assert "She began late." in visit(app, f"/articles/{article.slug}").text

    late = desk.post(f"/desk/entries/{made.id}", data=data | {"source": "Mine."})
    assert late.status_code == 409 and "Mine." in late.text and "She began late." in late.text

    assert desk.post(f"/desk/entries/{made.id}", data={"action": "delete"}).status_code == 303
    db.session.refresh(made)
    assert made.removed_at and "She began late." not in visit(app, f"/articles/{article.slug}").text
    gone = desk.post(f"/desk/entries/{made.id}", data=data)
    assert gone.status_code == 404 and "She began late." in gone.text


@pytest.mark.parametrize("wrong", [{"at": ""}, {"at": "noon"}, {"source": ""}])
def test_an_entry_that_is_not_whole_comes_back(desk: FlaskClient, wrong: dict) -> None:
    article = write(desk, kind="liveblog")
    data = {"at": "2026-11-24T10:00", "topic": "Typed with care.", "source": "Words."} | wrong
    reply = desk.post(f"/desk/articles/{article.id}/entries/new", data=data)
    assert reply.status_code == 200 and "Typed with care." in reply.text and 'class="error"' in reply.text
    assert db.session.query(LiveEntry).count() == 0


def test_a_liveblog_is_closed_and_opened_again(desk: FlaskClient) -> None:
    article = write(desk, kind="liveblog", action="publish")
    assert "Live now, 0 entries" in said(desk.get("/desk")) and '<tr class="waits">' in desk.get("/desk").text
    change(desk, article, action="close", title="Closed now")
    assert read_again(article).closed_at and article.title == "Closed now"
    assert "Closed, 0 entries" in said(desk.get("/desk")) and '<tr class="waits">' not in desk.get("/desk").text
    change(desk, article, action="reopen")
    assert read_again(article).closed_at is None


def test_a_story_that_is_no_liveblog_takes_no_entries(desk: FlaskClient) -> None:
    assert desk.get(f"/desk/articles/{make_article().id}/entries/new").status_code == 404


def test_adding_an_entry_saves_the_story_first(desk: FlaskClient) -> None:
    article = write(desk, kind="liveblog")
    reply = change(desk, article, action="entry", title="Saved on the way")
    assert reply.location.endswith(f"/desk/articles/{article.id}/entries/new")
    assert read_again(article).title == "Saved on the way"


# ---- The list ----


def test_the_list_is_parted_by_state_and_paged(desk: FlaskClient) -> None:
    for number in range(32):
        make_article(title=f"Out {number}")
    make_article(title="Unfinished", status=Status.DRAFT, access=Access.PATRONS, published_at=None)
    make_article(title="For us", status=Status.PRIVATE)
    assert "1 to 30 of 34" in said(desk.get("/desk")) and "31 to 34 of 34" in said(desk.get("/desk?page=2"))
    assert "Unfinished" in desk.get("/desk?state=draft").text and "Out 1" not in desk.get("/desk?state=draft").text
    assert "For us" in desk.get("/desk?state=private").text
    assert desk.get("/desk?state=lost").status_code == 404
    assert "reads without script are not counted" in said(desk.get("/desk"))


# ---- Publication and board ----


def test_the_publication_says_what_the_editor_wrote(app: Flask, desk: FlaskClient) -> None:
    before = re.search(r'name="before"[^>]*value="([^"]*)"', desk.get("/desk/publication").text)[1]
    data = {"motto": "From one flight up", "publisher": "Stichting Boven", "email": "a@example.org", "before": before}
    assert desk.post("/desk/publication", data=data).status_code == 303
    assert Publication.get().motto == "From one flight up"
    assert "Stichting Boven" in visit(app, "/popular").text
    late = desk.post("/desk/publication", data=data | {"motto": "Mine"})
    assert late.status_code == 409 and "Mine" in late.text and "From one flight up" in late.text
    wrong = desk.post("/desk/publication", data=data | {"email": "nobody", "motto": "Kept"})
    assert "This is no e-mail address." in said(wrong) and "Kept" in wrong.text


def board(desk: FlaskClient, *rows: tuple[str, str, str]) -> dict[str, str]:
    before = re.search(r'name="before"[^>]*value="([^"]*)"', desk.get("/desk/board").text)[1]
    data = {"before": before}
    for place, row in enumerate(rows):
        data |= {f"rows-{place}-{name}": value for name, value in zip(("name", "meaning", "source"), row, strict=True)}
    return data


def test_the_board_takes_hashtags_in_order_and_words_stay_with_their_hashtag(desk: FlaskClient) -> None:
    rows = [("#雨#", "Rain", "Weibo"), ("", "", ""), ("#雪#", "Snow", "Weibo · 2 m")]
    assert desk.post("/desk/board", data=board(desk, *rows)).status_code == 303
    assert [tag.name for tag, _ in Tag.board(utcnow())] == ["#雨#", "#雪#"]

    swapped = [("#风#", "Rain", "Weibo"), ("#雪#", "Much snow", "Weibo · 2 m")]
    assert desk.post("/desk/board", data=board(desk, *swapped)).status_code == 303
    first, second = (tag for tag, _ in Tag.board(utcnow()))
    assert (first.name, first.meaning) == ("#风#", "") and second.meaning == "Much snow"
    assert Tag.by_slug("雨").meaning == "Rain" and Tag.by_slug("雨").board_position is None


def test_a_hashtag_stands_on_the_board_once(desk: FlaskClient) -> None:
    reply = desk.post("/desk/board", data=board(desk, ("#雨#", "Rain", ""), ("雨", "Typed with care.", "")))
    assert "on the board already" in said(reply) and "Typed with care." in reply.text
    assert Tag.board(utcnow()) == []


def test_a_board_changed_meanwhile_shows_both(desk: FlaskClient) -> None:
    late = board(desk, ("#雪#", "Mine", ""))
    desk.post("/desk/board", data=board(desk, ("#雨#", "Hers", "")))
    reply = desk.post("/desk/board", data=late)
    assert reply.status_code == 409 and "Mine" in reply.text and "Hers" in reply.text


# ---- Codes and money ----


def code_form(**given: object) -> dict:
    return {"text": " spring 30 ", "percent": "12,5", "max_redemptions": "40", "ends_at": "2027-03-01T00:00"} | given


def test_a_code_is_made_and_switched_off_and_on(desk: FlaskClient) -> None:
    pro = make_offer().edition("pro")
    assert desk.post("/desk/codes", data=code_form(editions=[pro.id])).status_code == 303
    code = Code.by_text("spring30")
    assert (code.basis_points, code.max_redemptions, code.editions) == (1250, 40, [pro])
    assert code.ends_at == datetime(2027, 2, 28, 23, 0, tzinfo=UTC)
    assert "SPRING30" in desk.get("/desk/codes").text and "12.5%" in desk.get("/desk/codes").text
    desk.post(f"/desk/codes/{code.public_id}", data={"action": "off"})
    assert "Switched off" in said(desk.get("/desk/codes")) and not db.session.get_one(Code, code.id).is_active
    desk.post(f"/desk/codes/{code.public_id}", data={"action": "on"})
    db.session.expire_all()
    assert db.session.get_one(Code, code.id).is_active


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"text": "  "}, "The code is empty."),
        ({"text": "whatsonweibo30"}, "There is a code WHATSONWEIBO30 already."),
        ({"percent": "0.5"}, "1 to 100 per cent"),
        ({"percent": "101"}, "1 to 100 per cent"),
        ({"percent": "12.345"}, "1 to 100 per cent"),
        ({"percent": "nan"}, "Write a percentage in figures"),
        ({"percent": "1e999999"}, "per"),
        ({"ends_at": "soon"}, "This is no date and time."),
        ({"max_redemptions": "0"}, "Write a whole number from 1"),
        ({"max_redemptions": "-3"}, "Write a whole number from 1"),
        ({"editions": []}, "Choose at least one edition."),
    ],
)
def test_a_code_that_cannot_be_is_refused_beside_its_field(desk: FlaskClient, wrong: dict, sentence: str) -> None:
    offer = make_offer()
    make_code(offer)
    typed = code_form(editions=[offer.edition("pro").id], note="Typed with care.") | wrong
    reply = desk.post("/desk/codes", data=typed)
    assert reply.status_code == 200 and sentence in said(reply) and "Typed with care." in reply.text
    assert db.session.query(Code).count() == 1


def make_order(code: Code, state: RedemptionState) -> Order:
    price = Money(40000, "USD")
    order = keep_rows(
        Order(edition_id=code.editions[0].id, title="A report", list_price=price, saving=price, total=Money(0, "USD"))
    )
    later = utcnow() + timedelta(hours=1)
    keep_rows(Redemption(code_id=code.id, order_id=order.id, state=state, expires_at=later))
    return order


def test_a_code_shows_its_uses_and_stays_in_the_books(desk: FlaskClient) -> None:
    code = make_code(make_offer(), max_redemptions=5)
    for state in (RedemptionState.USED, RedemptionState.USED, RedemptionState.HELD, RedemptionState.RELEASED):
        make_order(code, state)
    page = desk.get("/desk/codes").text
    assert [re.search(rf'data-label="{name}">(\d+)<', page)[1] for name in ("Used", "Held", "Left")] == ["2", "1", "2"]
    assert "Delete" not in page
    reply = desk.post(f"/desk/codes/{code.public_id}", data={"action": "delete"}, follow_redirects=True)
    assert "it stays in the books" in said(reply) and Code.by_text(code.text)


def test_a_code_nobody_took_can_be_deleted(desk: FlaskClient) -> None:
    code = make_code(make_offer())
    assert "Delete" in desk.get("/desk/codes").text
    desk.post(f"/desk/codes/{code.public_id}", data={"action": "delete"})
    assert db.session.query(Code).count() == 0


def test_the_money_page_lists_orders_and_gifts_in_words(desk: FlaskClient) -> None:
    make_order(make_code(make_offer()), RedemptionState.HELD)
    patron: Account = make_patron("giver@example.org")
    page = said(desk.get("/desk/money"))
    assert "At the checkout" in page and patron.email in page and "€10.00" in page and "each month" in page


def test_kinds_that_a_form_sends_are_those_the_model_knows(desk: FlaskClient) -> None:
    assert write(desk, kind="liveblog").kind is Kind.LIVEBLOG
