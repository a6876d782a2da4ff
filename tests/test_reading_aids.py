"""What helps a reader: the parts of a long story, words explained, stories saved and remembered, links to pass on."""

from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient

from models import ReadStory, SavedStory, Term, begin_write, db, utcnow
from models.glossary import terms_in
from models.metering import Access
from tests.makers import keep, make_account, make_article, make_editor, sign_in

LONG = "\n\n".join(
    f"## Part **{name}**\n\n" + "Some words of a long story. " * 120 for name in ("one", "微博", "three")
)


def test_a_long_story_lists_its_parts(client: FlaskClient) -> None:
    page = client.get(f"/articles/{make_article(LONG).slug}").text
    assert '<a href="#part-2">Part <span lang="zh">微博</span></a>' in page
    assert '<h2 id="part-2">Part <strong><span lang="zh">微博</span></strong></h2>' in page


def test_a_short_story_and_a_closed_one_list_none(client: FlaskClient) -> None:
    for story in (
        make_article("## One\n\na\n\n## Two\n\nb\n\n## Three\n\nc"),
        make_article(LONG, access=Access.PATRONS),
    ):
        assert "part-1" not in client.get(f"/articles/{story.slug}").text


def test_terms_come_in_the_order_of_the_text() -> None:
    terms = [Term(hanzi="网络"), Term(hanzi="微博"), Term(hanzi="内卷")]
    assert [term.hanzi for term in terms_in("微博 and 网络 and 网络", terms)] == ["微博", "网络"]


def test_a_story_explains_its_words_and_a_closed_one_does_not_betray_them(client: FlaskClient) -> None:
    keep(Term(hanzi="内卷", pinyin="nèijuǎn", meaning="A race that nobody wins."))
    text = "First.\n\nSecond.\n\nThird.\n\nThen 内卷 came."
    assert "nèijuǎn" in client.get(f"/articles/{make_article(text).slug}").text
    assert "nèijuǎn" not in client.get(f"/articles/{make_article(text, access=Access.PATRONS).slug}").text
    assert "nèijuǎn" in client.get("/glossary").text


def test_the_foot_leads_to_the_glossary_once_it_has_a_word(client: FlaskClient) -> None:
    assert 'href="/glossary"' not in client.get("/").text
    keep(Term(hanzi="内卷", meaning="A race that nobody wins."))
    assert 'href="/glossary"' in client.get("/").text


def test_the_glossary_is_kept_at_the_desk(client: FlaskClient) -> None:
    sign_in(client, make_editor())
    typed = {"hanzi": "躺平", "pinyin": "tǎngpíng", "meaning": "Lying flat."}
    assert client.post("/desk/glossary/new", data=typed).status_code == 303
    again = client.post("/desk/glossary/new", data=typed | {"meaning": "Typed twice."})
    assert "already" in again.text and "Typed twice." in again.text
    assert "no Chinese character" in client.post("/desk/glossary/new", data=typed | {"hanzi": "weibo"}).text
    term = Term.in_order()[0]
    stale = client.post(f"/desk/glossary/{term.id}", data=typed | {"meaning": "Mine", "before": "other"})
    assert stale.status_code == 409 and "Mine" in stale.text
    assert client.post(f"/desk/glossary/{term.id}", data={"action": "delete"}).status_code == 303
    assert Term.in_order() == []


def test_a_reader_saves_a_story_and_takes_it_off(client: FlaskClient) -> None:
    story, who = make_article(), make_account()
    sign_in(client, who)
    sent = {"story": story.slug, "next": f"/articles/{story.slug}"}
    for _ in range(2):
        assert client.post("/account/saved", data=sent).location == f"/articles/{story.slug}"
    assert client.get("/account/saved").text.count(f'href="/articles/{story.slug}"') == 1
    assert "Saved: take off the list" in client.get(f"/articles/{story.slug}").text
    client.post("/account/saved", data=sent | {"action": "remove"})
    assert db.session.query(SavedStory).count() == 0


def test_a_reader_empties_their_own_list_and_what_is_out_no_more_goes_too(client: FlaskClient) -> None:
    gone, other = make_article(), make_account()
    keep(SavedStory(account_id=other.id, article_id=gone.id))
    sign_in(client, make_account())
    for story in (gone, make_article()):
        client.post("/account/saved", data={"story": story.slug})
    begin_write()
    gone.unpublish()
    db.session.commit()
    page = client.get("/account/saved").text
    assert "Take all off" in page and gone.slug not in page
    assert client.post("/account/saved", data={"action": "empty"}).location == "/account/saved"
    page = client.get("/account/saved").text
    assert "The list is empty." in page and "Take all off" not in page
    assert [row.account_id for row in db.session.query(SavedStory)] == [other.id]


def test_only_what_is_out_can_be_saved_and_nobody_is_led_elsewhere(client: FlaskClient) -> None:
    sign_in(client, make_account())
    later = make_article(published_at=utcnow() + timedelta(days=1))
    assert client.post("/account/saved", data={"story": later.slug}).status_code == 404
    out = make_article()
    away = client.post("/account/saved", data={"story": out.slug, "next": "https://elsewhere.example"})
    assert away.location == "/account/saved"


def test_visitors_are_asked_to_sign_in_to_save(client: FlaskClient) -> None:
    assert "/account/login" in client.post("/account/saved", data={"story": make_article().slug}).location
    assert db.session.query(SavedStory).count() == 0


def test_what_a_signed_in_reader_opens_is_remembered_for_them_alone_until_they_erase_it(
    app: Flask, client: FlaskClient
) -> None:
    story, other, who = make_article(), make_article(access=Access.PATRONS), make_account()
    client.post(f"/articles/{story.slug}/seen")
    assert db.session.query(ReadStory).count() == 0
    sign_in(client, who)
    for _ in range(2):
        client.post(f"/articles/{story.slug}/seen")
    client.post(f"/articles/{other.slug}/seen")  # not theirs to read
    assert [row.article_id for row in db.session.query(ReadStory)] == [story.id]
    assert story.title in client.get("/account/history").text
    client.post("/account/history", data={"story": str(story.id)})
    assert db.session.query(ReadStory).count() == 0
    client.post(f"/articles/{story.slug}/seen")
    client.post("/account/history")
    assert db.session.query(ReadStory).count() == 0


def test_nobody_erases_another_readers_history(client: FlaskClient) -> None:
    story, other = make_article(), make_account()
    keep(ReadStory(account_id=other.id, article_id=story.id))
    sign_in(client, make_account())
    for data in ({}, {"story": str(story.id)}, {"story": "x"}):
        client.post("/account/history", data=data)
    assert db.session.query(ReadStory).count() == 1


def test_links_to_pass_a_story_on_tell_nobody_who_followed_them(client: FlaskClient) -> None:
    story = make_article(title="Tea & 微博")
    page = client.get(f"/articles/{story.slug}").text
    address = f"http%3A//127.0.0.1%3A5000/articles/{story.slug}"
    assert f"mailto:?subject=Tea%20%26%20%E5%BE%AE%E5%8D%9A&amp;body={address}" in page
    assert f'href="https://service.weibo.com/share/share.php?url={address}" rel="noopener noreferrer nofollow"' in page
    assert "utm_" not in page
