"""Gift links: one story for whoever has the link. Looking spends nothing, opening spends one reader, nothing counts."""

import io
import json
import re
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from blueprints import metering
from blueprints.metering import gifts
from blueprints.metering.pointer import COOKIE
from models import Account, Article, GiftLink, GiftOpening, MeterRead, Role, begin_write, db, utcnow
from models.address_token import token
from models.base import new_public_id
from models.gift import LIFE, QUOTA, GiftKind
from models.metering import Access
from tests.accounts_tools import visit
from tests.makers import PASSWORD, keep, make_account, make_article, make_author, make_patron, sign_in

SECRET = "The canary sang at the end."
TEXT = f"Open to all.\n\n<!-- open until here -->\n\n{SECRET}"
JSON = {"Accept": "application/json"}
GATED = [Access.METERED, Access.MEMBERS, Access.PATRONS]


def story(access: Access = Access.METERED, **given: Any) -> Article:
    return make_article(TEXT, access=access, **given)


def link_to(article: Article, giver: Account | None = None, **given: Any) -> GiftLink:
    name = new_public_id()
    begin_write()
    values = {"giver_id": giver.id if giver else None, "expires_at": utcnow() + LIFE, "kind": GiftKind.PATRON}
    link = GiftLink.make(
        token("for tests only", "gift", name),
        name,
        utcnow() - timedelta(days=40),
        **{"article_id": article.id} | values | given,
    )
    db.session.commit()
    return link


def path(link: GiftLink) -> str:
    address = urlsplit(gifts.address_of(link))
    return f"{address.path}?{address.query}"


def secret(link: GiftLink) -> str:
    return gifts.token_of(link)


def open_by(client: FlaskClient, article: Any, given: str, **headers: str) -> Any:
    return client.post(f"/articles/{article.slug}/read", data={"gift": given}, headers={**JSON, **headers})


def uses(link: GiftLink) -> int:
    db.session.rollback()
    return db.session.get_one(GiftLink, link.id, populate_existing=True).uses


def links() -> list[GiftLink]:
    """As they are now, oldest first."""
    db.session.rollback()
    return list(db.session.scalars(db.select(GiftLink).order_by(GiftLink.id)))


def private(reply: Any) -> bool:
    said = reply.headers
    alone = "no-store" in said["Cache-Control"] and "private" in said["Cache-Control"]
    return alone and said["X-Robots-Tag"] == "noindex" and said["Referrer-Policy"] == "no-referrer"


# Looking


@pytest.mark.parametrize("access", GATED)
def test_looking_at_a_link_shows_who_gave_and_opens_nothing(app: Flask, access: Access) -> None:
    giver = make_patron(name="Robin Aldermeer")
    article = story(access)
    link = link_to(article, giver, is_named=True)
    for _ in range(10):  # mail scanners and previews
        reply = visit(app).get(path(link))
        assert reply.status_code == 200 and private(reply) and "Set-Cookie" not in reply.headers
        assert SECRET not in reply.text and "Open to all." in reply.text
        assert "Robin Aldermeer, a patron, gave you this story." in reply.text
        assert f'<input type="hidden" name="gift" value="{secret(link)}">' in reply.text
    assert uses(link) == 0
    assert visit(app).head(path(link)).data == b""


def test_the_givers_name_is_told_only_if_they_chose_so(app: Flask) -> None:
    article = story()
    hidden = visit(app).get(path(link_to(article, make_patron(name="Robin Aldermeer")))).text
    assert "A patron gave you this story." in hidden and "Robin" not in hidden
    campaign = link_to(article, make_account(role=Role.EDITOR), kind=GiftKind.CAMPAIGN)
    assert "Upstairs gave you this story." in visit(app).get(path(campaign)).text
    ours = link_to(article, make_account(role=Role.EDITOR, name="Kim"), kind=GiftKind.STAFF, is_named=True)
    assert "Kim of Upstairs gave you this story." in visit(app).get(path(ours)).text


def test_the_page_cache_never_has_such_a_page(app: Flask) -> None:
    article = story()
    link = link_to(article)
    client = visit(app)
    client.get(path(link))
    assert secret(link) not in client.get(f"/articles/{article.slug}").text
    layer = app.extensions["page_cache"]
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": f"/articles/{article.slug}",
        "QUERY_STRING": f"gift={secret(link)}",
    }
    environ |= {"HTTP_HOST": "127.0.0.1:5000", "wsgi.url_scheme": "http", "SERVER_PORT": "5000"}
    assert layer.key(environ) is None
    assert layer.key({**environ, "QUERY_STRING": ""}) is not None
    assert layer.key({**environ, "PATH_INFO": "/feeds/x/feed.xml", "QUERY_STRING": ""}) is None


# Opening


@pytest.mark.parametrize("access", GATED)
def test_a_link_opens_its_story_and_counts_nothing(app: Flask, access: Access) -> None:
    article = story(access)
    link = link_to(article)
    client = visit(app)
    reply = open_by(client, article, secret(link))
    assert reply.json["access"] == "open" and SECRET in reply.json["html"] and private(reply)
    assert "It does not count. The link works until" in reply.json["line"]
    assert client.get_cookie(COOKIE) is not None
    assert db.session.scalar(db.select(db.func.count()).select_from(MeterRead)) == 0
    for _ in range(3):
        assert open_by(client, article, secret(link)).json["access"] == "open"
    again = client.post(f"/articles/{article.slug}/read", headers=JSON)  # as the shell's script asks on a reload
    assert again.json["access"] == "open" and "does not count" in again.json["line"]
    assert uses(link) == 1
    open_by(visit(app), article, secret(link))
    assert uses(link) == 2
    assert db.session.scalar(db.select(db.func.count()).select_from(MeterRead)) == 0


def test_without_script_it_is_one_click_and_the_page_comes_back_without_it(app: Flask) -> None:
    article = story(Access.PATRONS)
    link = link_to(article)
    client = visit(app)
    reply = client.post(f"/articles/{article.slug}/read", data={"gift": secret(link)})
    assert reply.status_code == 303 and secret(link) not in reply.location and "receipt=" in reply.location
    page = client.get(reply.location)
    assert SECRET in page.text and "does not count" in page.text and private(page)
    assert SECRET in client.get(f"/articles/{article.slug}/read").text, "the ledger knows it when the receipt is over"
    assert client.get(path(link)).location == f"/articles/{article.slug}/read", "the letter's link leads there too"
    assert "no link is needed" in client.get(f"/articles/{article.slug}/gift").text
    assert SECRET not in visit(app).get(f"/articles/{article.slug}/read", follow_redirects=True).text


def test_the_shell_stays_the_same_for_everybody(app: Flask) -> None:
    article = story(Access.PATRONS)
    link = link_to(article)
    client = visit(app)
    open_by(client, article, secret(link))
    shell = client.get(f"/articles/{article.slug}")
    assert SECRET not in shell.text and shell.headers["Cache-Control"].startswith("public")
    assert "Vary" not in shell.headers or "Cookie" not in shell.headers["Vary"]
    assert shell.text == visit(app).get(f"/articles/{article.slug}").text


def test_the_mark_is_for_this_story_alone_and_no_key(app: Flask) -> None:
    article, other = story(Access.PATRONS), story(Access.PATRONS)
    link = link_to(article)
    reply = open_by(visit(app), article, secret(link))
    [mark] = [line for line in reply.headers.getlist("Set-Cookie") if line.startswith(gifts.MARK)]
    assert f"Path=/articles/{article.slug}" in mark and "HttpOnly" not in mark
    thief = visit(app)
    thief.set_cookie(gifts.MARK, "1", path=f"/articles/{article.slug}")
    assert thief.post(f"/articles/{article.slug}/read", headers=JSON).json["access"] == "become-patron"
    assert thief.post(f"/articles/{other.slug}/read", headers=JSON).json["access"] == "become-patron"


def test_who_has_no_pointer_costs_no_query_for_gifts(app: Flask) -> None:
    article = story(Access.PATRONS)
    asked: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    visit(app).post(f"/articles/{article.slug}/read", headers=JSON)
    visit(app).get(f"/articles/{article.slug}")
    assert asked and not [words for words in asked if "gift_" in words]


def test_a_limit_of_none_and_a_network_that_is_full_do_not_stand_against_a_gift(app: Flask) -> None:
    article = story()
    link = link_to(article)
    app.config["METER_ANONYMOUS"] = 0
    assert open_by(visit(app), article, secret(link)).json["access"] == "open"


def test_gifts_do_not_make_readers_past_the_cap_of_a_network(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else one link, and cookies thrown away, would open the archive."""
    monkeypatch.setattr(metering, "FRESH", metering.FRESH.__class__("fresh-readers", 1, timedelta(days=1)))
    given, counted, more = story(), story(), story()
    link = link_to(given)
    first, second = visit(app), visit(app)
    for client in (first, second):
        assert open_by(client, given, secret(link)).json["access"] == "open"
    assert first.post(f"/articles/{counted.slug}/read", headers=JSON).json["access"] == "open"
    assert second.post(f"/articles/{counted.slug}/read", headers=JSON).json["access"] == "crowded"
    assert first.post(f"/articles/{more.slug}/read", headers=JSON).json["left"] == 1, "known from now on"
    assert first.post(f"/articles/{given.slug}/read", headers=JSON).json["left"] is None, "the gift is still theirs"


def test_who_signs_in_takes_it_along_and_it_is_one_use(app: Flask) -> None:
    article, who = story(Access.PATRONS), make_account()
    link = link_to(article)
    client = visit(app)
    open_by(client, article, secret(link))
    sign_in(client, who)
    page = client.get(f"/articles/{article.slug}")
    assert SECRET in page.text and "does not count" in page.text
    elsewhere = visit(app)
    sign_in(elsewhere, who)
    assert SECRET in elsewhere.get(f"/articles/{article.slug}").text
    assert uses(link) == 1
    assert "given to you" in elsewhere.get("/account/meter").text
    elsewhere.post("/account/meter")
    assert SECRET not in elsewhere.get(f"/articles/{article.slug}").text, "erased is erased"
    assert uses(link) == 1


def test_who_may_read_anyway_is_sent_to_the_story(app: Flask) -> None:
    article, patron = story(), make_patron()
    link = link_to(article)
    client = visit(app)
    sign_in(client, patron)
    reply = client.get(path(link))
    assert reply.status_code == 303 and reply.location == f"/articles/{article.slug}" and private(reply)
    assert visit(app).get(path(link_to(story(Access.FREE)))).status_code == 303
    assert uses(link) == 0


def test_a_browser_that_fetches_ahead_opens_nothing(app: Flask) -> None:
    article = story()
    link = link_to(article)
    assert open_by(visit(app), article, secret(link), **{"Sec-Purpose": "prefetch"}).status_code == 503
    assert uses(link) == 0


@pytest.mark.parametrize(
    "pasted", ["{address}", " {address}&utm_source=mail ", "{token}", "?gift={token}", "gift={token}", "{address}#top"]
)
def test_a_link_can_be_pasted(app: Flask, pasted: str) -> None:
    article = story(Access.PATRONS)
    link = link_to(article)
    client = visit(app)
    form = client.get(f"/articles/{article.slug}/gift")
    assert private(form) and f'action="/articles/{article.slug}/read"' in form.text and 'name="gift"' in form.text
    typed = pasted.format(address=gifts.address_of(link), token=secret(link))
    reply = client.post(f"/articles/{article.slug}/read", data={"gift": typed})
    assert SECRET in client.get(reply.location).text


def test_every_wall_says_where_a_link_is_opened(app: Flask) -> None:
    for access in GATED:
        article = story(access)
        page = visit(app).get(f"/articles/{article.slug}").text
        assert f'<a href="/articles/{article.slug}/gift" rel="nofollow">Open a gift link</a>' in page


# Links that do not open


def not_opened(app: Flask, article: Article, given: str, sentence: str) -> None:
    seen = visit(app).get(f"/articles/{article.slug}", query_string={"gift": given})
    by_form = visit(app).post(f"/articles/{article.slug}/read", data={"gift": given})
    by_script = open_by(visit(app), article, given)
    assert (seen.status_code, by_form.status_code, by_script.status_code) == (200, 403, 200)
    for text in (seen.text, by_form.text, by_script.json["html"]):
        assert sentence in text and SECRET not in text
    assert private(seen) and private(by_form) and private(by_script)
    assert "Open to all." in seen.text, "the teaser of the story that was asked for"
    assert not [line for line in by_script.headers.getlist("Set-Cookie") if COOKIE in line]


@pytest.mark.parametrize("access", GATED)
def test_each_link_that_does_not_open_says_why(app: Flask, access: Access) -> None:
    article, other = story(access), story(access)
    revoked, over = link_to(article), link_to(article, expires_at=utcnow() - timedelta(seconds=1))
    begin_write()
    revoked.revoke(utcnow())
    db.session.commit()
    spent = link_to(article, most=1)
    open_by(visit(app), article, secret(spent))
    not_opened(app, article, secret(revoked), "This gift link was taken back.")
    not_opened(app, article, secret(over), "This gift link has run out.")
    not_opened(app, article, secret(spent), "This gift link is used up.")
    not_opened(app, article, secret(link_to(other)), "This gift link opens another story.")
    for typed in ("A" * 32, "x", "http://[", "https://elsewhere.example/?gift=" + "B" * 32, "微博"):
        not_opened(app, article, typed, "We do not know this gift link.")
    assert uses(spent) == 1
    assert db.session.scalar(db.select(db.func.count()).select_from(MeterRead)) == 0, "and no story was counted for it"


def test_a_link_works_to_its_last_second(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    article = story(Access.PATRONS)
    made = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    link = link_to(article, created_at=made, expires_at=made + LIFE)
    assert timedelta(days=14) == LIFE
    at = freeze(monkeypatch)
    early, late = visit(app), visit(app)
    at(made + LIFE - timedelta(seconds=1))
    assert "gave you this story" in early.get(path(link)).text
    assert open_by(early, article, secret(link)).json["access"] == "open"
    for moment in (made + LIFE, made + LIFE + timedelta(seconds=1)):
        at(moment)
        assert "has run out" in late.get(path(link)).text
        assert open_by(late, article, secret(link)).json["access"] == "become-patron"
    kept = early.post(f"/articles/{article.slug}/read", headers=JSON).json
    assert kept["access"] == "open" and "works until" not in kept["line"], "what was opened stays open"
    assert uses(link) == 1


def freeze(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """The edge reads the clock once in each request; this says what it reads."""

    def at(moment: datetime) -> None:
        for module in ("magazine.story", "magazine.read"):
            monkeypatch.setattr(f"blueprints.{module}.utcnow", lambda: moment)

    return at


def test_what_was_opened_stays_open_when_the_link_is_taken_back(app: Flask) -> None:
    article = story(Access.PATRONS)
    link = link_to(article)
    client = visit(app)
    open_by(client, article, secret(link))
    begin_write()
    link.revoke(utcnow())
    db.session.commit()
    assert client.post(f"/articles/{article.slug}/read", headers=JSON).json["access"] == "open"
    assert open_by(visit(app), article, secret(link)).json["access"] == "become-patron"


def test_of_many_at_once_no_more_open_it_than_it_is_for(app: Flask) -> None:
    article = story(Access.PATRONS)
    link = link_to(article, most=3)
    given, article = secret(link), SimpleNamespace(slug=article.slug)  # rows are of this thread's session
    db.session.rollback()
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda _: open_by(visit(app), article, given).json["access"], range(12)))
    assert said.count("open") == 3 and uses(link) == 3
    assert db.session.scalar(db.select(db.func.count()).select_from(GiftOpening)) == 3


# Giving


def give(client: FlaskClient, article: Any, name: str = "", **more: str) -> Any:
    return client.post("/account/gifts/new", data={"story": article.slug, "link": name or new_public_id(), **more})


def test_a_patron_gives_a_story_from_its_page(app: Flask) -> None:
    article, free = story(), story(Access.FREE)
    client = visit(app)
    sign_in(client, make_patron(name="Robin Aldermeer"))
    page = client.get(f"/articles/{article.slug}").text
    assert f'<a href="/account/gifts/new?story={article.slug}" rel="nofollow">Give this story</a>' in page
    assert "Give this story" not in client.get(f"/articles/{free.slug}").text
    assert "Give this story" not in visit(app).get(f"/articles/{article.slug}").text
    form = client.get(f"/account/gifts/new?story={article.slug}").text
    name = re.search(r'name="link" value="([^"]+)"', form)
    assert name and "You have 10 of 10 links left this month." in form
    first, second = (give(client, article, name[1], named="1") for _ in range(2))
    assert first.location == second.location, "two clicks make one link"
    shown = client.get(first.location).text
    assert "You have 9 of 10 links left this month." in shown and "Works until" in shown
    address = re.search(r'value="http://127\.0\.0\.1:5000(/articles/[^"]+)"', shown)
    assert address and "Robin Aldermeer, a patron," in visit(app).get(address[1]).text
    open_by(visit(app), article, address[1].partition("gift=")[2])
    listed = client.get("/account/gifts").text
    assert "opened by 1 reader" in listed and "in your name" in listed and "9 of 10" in listed


def test_links_are_taken_back_one_by_one_by_their_giver_alone(app: Flask) -> None:
    article = story()
    client, other = visit(app), visit(app)
    sign_in(client, make_patron())
    sign_in(other, make_patron())
    first, second = (give(client, article).location for _ in range(2))
    assert other.get(first).status_code == other.post(f"{first}/revoke").status_code == 404
    assert client.post(f"{first}/revoke").status_code == 303
    states = {link.public_id: link.revoked_at for link in links()}
    assert states[first.rpartition("/")[2]] and not states[second.rpartition("/")[2]]
    assert "taken back" in client.get("/account/gifts").text


def test_only_patrons_and_staff_give_and_only_what_is_closed(app: Flask) -> None:
    article = story()
    assert give(visit(app), article).location.startswith("/account/login")
    reader = visit(app)
    sign_in(reader, make_account())
    assert give(reader, article).status_code == 403
    assert "Become a patron" in reader.get("/account/gifts").text
    patron = visit(app)
    sign_in(patron, make_patron())
    assert give(patron, story(Access.FREE)).location.startswith("/articles/")
    assert give(patron, article, "short").status_code == 400
    assert db.session.scalar(db.select(db.func.count()).select_from(GiftLink)) == 0


def test_ten_a_month_and_not_one_more(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    article = story()
    client = visit(app)
    sign_in(client, make_patron())
    at = lambda moment: monkeypatch.setattr("blueprints.accounts.gift_views.utcnow", lambda: moment)  # noqa: E731
    at(datetime(2026, 11, 30, 22, 59, 59, tzinfo=UTC))  # one second before December in Amsterdam
    said = [give(client, article).status_code for _ in range(QUOTA + 1)]
    assert said == [303] * 10 + [409]
    first = links()[0]
    client.post(f"/account/gifts/{first.public_id}/revoke")
    refused = give(client, article)
    assert refused.status_code == 409 and "that is all there are" in refused.text, "taking one back gives none back"
    at(datetime(2026, 11, 30, 23, 0, tzinfo=UTC))
    assert give(client, article).status_code == 303


def test_of_many_clicks_at_once_ten_make_a_link(app: Flask) -> None:
    article, patron = story(), make_patron()
    clients = [visit(app) for _ in range(4)]
    for client in clients:
        sign_in(client, patron)
    article = SimpleNamespace(slug=article.slug)
    db.session.rollback()
    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(lambda n: give(clients[n % 4], article).status_code, range(16)))
    assert said.count(303) == QUOTA and said.count(409) == 6


def test_staff_give_without_a_quota(app: Flask) -> None:
    article, client = story(), visit(app)
    sign_in(client, make_account(role=Role.AUTHOR))
    assert [give(client, article).status_code for _ in range(QUOTA + 1)] == [303] * 11


def test_another_key_of_the_site_makes_addresses_untold_but_not_void(app: Flask) -> None:
    article, patron = story(), make_patron()
    link = link_to(article, patron)
    given = secret(link)
    app.config["SECRET_KEY"] = "another"
    client = visit(app)
    sign_in(client, patron)
    assert "can no longer be told" in client.get(f"/account/gifts/{link.public_id}").text
    assert "gave you this story" in visit(app).get(f"/articles/{article.slug}?gift={given}").text


def test_only_a_hash_is_kept(app: Flask) -> None:
    link = link_to(story())
    for row in db.session.execute(db.select(GiftLink.__table__)).mappings():
        assert secret(link) not in map(str, row.values())
    assert len(secret(link)) == 32


def test_visitors_openings_are_forgotten_when_their_pointer_is_over(app: Flask) -> None:
    link, now = link_to(story()), utcnow()
    keep(
        GiftOpening(reader="visitor:old", gift_id=link.id, at=now - timedelta(days=63)),
        GiftOpening(reader="visitor:new", gift_id=link.id, at=now - timedelta(days=61)),
        GiftOpening(reader="account:old", gift_id=link.id, at=now - timedelta(days=400)),
    )
    begin_write()
    GiftOpening.forget(now)
    db.session.commit()
    assert set(db.session.scalars(db.select(GiftOpening.reader))) == {"visitor:new", "account:old"}


# At the desk


def test_editors_make_a_link_for_a_campaign(app: Flask) -> None:
    article = story(authors=[make_author()])
    client = visit(app)
    sign_in(client, make_account(role=Role.EDITOR))
    assert f'href="/desk/gifts?of={article.slug}"' in client.get(f"/desk/articles/{article.id}").text
    form = {"story": f"http://127.0.0.1:5000/articles/{article.slug}", "days": "90", "most": "500", "note": "Fair"}
    name = new_public_id()
    for _ in range(2):
        assert client.post("/desk/gifts", data=form | {"link": name}).status_code == 303
    [link] = links()
    assert (link.kind, link.most, link.note) == (GiftKind.CAMPAIGN, 500, "Fair")
    assert link.expires_at - link.created_at == timedelta(days=90)
    listed = client.get(f"/desk/gifts?of={article.slug}").text
    assert secret(link) in listed and "0 of 500" in listed and "Fair" in listed
    assert "Upstairs gave you this story." in visit(app).get(path(link)).text
    assert client.post(f"/desk/gifts/{link.public_id}/revoke").status_code == 303
    assert "Taken back" in client.get("/desk/gifts").text
    assert client.post("/account/gifts/x/revoke").status_code == 404


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("story", "/articles/nowhere", "No story that is out has this address."),
        ("story", "http://[", "No story that is out has this address."),
        ("story", "", "No story is named."),
        ("days", "0", "from 1 to 365"),
        ("days", "366", "from 1 to 365"),
        ("days", "１４", "from 1 to 365"),
        ("most", "0", "Write a whole number from 1"),
    ],
)
def test_what_the_desk_cannot_make_a_link_of_stays_in_the_form(
    app: Flask, field: str, typed: str, sentence: str
) -> None:
    article, client = story(), visit(app)
    sign_in(client, make_account(role=Role.EDITOR))
    form = {"story": f"/articles/{article.slug}", "days": "14", "most": "", "note": "Fair", "link": new_public_id()}
    reply = client.post("/desk/gifts", data=form | {field: typed})
    assert sentence in reply.text and 'value="Fair"' in reply.text
    assert db.session.scalar(db.select(db.func.count()).select_from(GiftLink)) == 0


def test_a_free_story_needs_no_campaign(app: Flask) -> None:
    free, client = story(Access.FREE), visit(app)
    sign_in(client, make_account(role=Role.EDITOR))
    reply = client.post("/desk/gifts", data={"story": free.slug, "days": "14", "link": new_public_id()})
    assert "It needs no gift link." in reply.text


# The account's other pages


def test_who_leaves_leaves_links_without_a_name(app: Flask) -> None:
    article, patron = story(Access.PATRONS), make_patron(name="Robin Aldermeer")
    begin_write()
    db.session.execute(db.text("UPDATE donation SET frequency = 'once'"))
    db.session.commit()
    link, mine = link_to(article, patron, is_named=True), link_to(story(Access.PATRONS))
    client = visit(app)
    sign_in(client, patron)
    begin_write()
    mine.open_for(metering.key_of_account(patron.public_id), utcnow())
    db.session.commit()
    with client.post("/account/export") as reply, zipfile.ZipFile(io.BytesIO(reply.data)) as packed:
        told = {name: json.loads(packed.read(f"{name}.json")) for name in ("gift-links", "opened-gifts")}
    assert (told["gift-links"][0]["readers"], told["gift-links"][0]["with_your_name"]) == (0, True)
    assert told["opened-gifts"][0]["story"].startswith("Story ")
    assert client.post("/account/delete", data={"password": PASSWORD, "replies": "remove"}).status_code == 200
    assert "A patron gave you this story." in visit(app).get(path(link)).text
    assert db.session.scalar(db.select(db.func.count()).select_from(GiftOpening)) == 0
