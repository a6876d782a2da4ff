"""Readers' replies: who may write, what becomes of it, and what nobody must be able to do with it."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import func, select

from models import Article, Comment, Contribution, Outbox, Publication, Role, begin_write, db, generation, utcnow
from models.comment import CommentState
from models.metering import Access
from models.small_markdown import links, says_something, small
from tests.conftest import browser
from tests.makers import (
    NOON,
    keep,
    make_account,
    make_article,
    make_author,
    make_editor,
    make_patron,
    sign_in,
)

FORM = {"name": "Hanne W.", "email": "hanne@example.org", "body": "I delivered newspapers for six years."}


def say(client, story: Article, **given):
    """Send the form; what is None is left out."""
    typed = {name: value for name, value in (FORM | given).items() if value is not None}
    return client.post(f"/articles/{story.slug}/comments", data=typed)


def make_comment(story: Article, body: str = "Words.", **given) -> Comment:
    comment = Comment(
        **{"article_id": story.id, "name": "B.", "email": "b@example.org", "state": CommentState.APPROVED} | given
    )
    comment.write(body)
    return keep(comment)


def state_of(email: str = FORM["email"]) -> list[str]:
    return [c.state.value for c in db.session.scalars(select(Comment).where(Comment.email == email).order_by("id"))]


def page(client, story: Article) -> str:
    return client.get(f"/articles/{story.slug}").text


def test_a_first_reply_is_held_then_approved_and_the_next_appears_at_once(app, client):
    story = make_article()
    held = say(client, story, body="The *first* floor")
    assert held.status_code == 303 and held.location == f"/articles/{story.slug}/comments/held"
    assert "held until an editor" in client.get(held.location).text
    assert "<em>first</em>" not in page(client, story)

    desk = browser(app)
    sign_in(desk, make_editor())
    queue = desk.get("/desk/comments").text
    assert "<em>first</em>" in queue and FORM["email"] in queue and "1<span" in queue
    first = db.session.scalar(select(Comment))
    for _ in range(2):  # safe to repeat
        done = desk.post(f"/desk/comments/{first.id}", data={"action": "approve", "from": "held"})
        assert done.status_code == 303
    shown = page(client, story)
    assert "<em>first</em>" in shown and "One reply" in shown and f'id="comment-{first.id}"' in shown

    second = say(client, story, body="The second floor")
    newest = db.session.scalar(select(Comment).order_by(Comment.id.desc()))
    assert second.location == f"/articles/{story.slug}#comment-{newest.id}"
    assert "The second floor" in page(client, story)
    for hidden in (FORM["email"], "hanne@"):
        assert hidden not in page(client, story)


def test_the_desk_refuses_marks_as_spam_and_takes_back(app):
    story, desk = make_article(), browser(app)
    comment = make_comment(story, state=CommentState.HELD)
    sign_in(desk, make_editor())
    for action, state in (("refuse", "refused"), ("spam", "spam"), ("hold", "held"), ("approve", "approved")):
        desk.post(f"/desk/comments/{comment.id}", data={"action": action})
        db.session.expire_all()
        assert comment.state == state
        assert ("Words." in page(desk, story)) is (state == "approved")
        assert "Words." in desk.get(f"/desk/comments?state={state}").text
    assert desk.post(f"/desk/comments/{comment.id}", data={"action": "burn"}).status_code == 400
    assert desk.get("/desk/comments?state=nonsense").status_code == 404
    assert desk.post("/desk/comments/99999999999", data={"action": "spam"}).status_code == 404


def test_the_queue_is_the_editors_alone(client):
    comment = make_comment(make_article(), state=CommentState.HELD)
    assert client.get("/desk/comments").status_code == 303
    assert client.post(f"/desk/comments/{comment.id}", data={"action": "approve"}).status_code == 401
    sign_in(client, make_account())
    assert client.post(f"/desk/comments/{comment.id}", data={"action": "approve"}).status_code == 403
    assert state_of("b@example.org") == ["held"]


def test_readers_who_are_signed_in_need_no_name_and_no_address(client):
    story, reader = make_article(), make_account(name="Robin")
    sign_in(client, reader)
    assert 'name="email"' not in page(client, story) and 'name="body"' in page(client, story)
    assert say(client, story, name=None, email="somebody@example.com").status_code == 303
    kept = db.session.scalar(select(Comment))
    assert (kept.name, kept.email, kept.account_id) == ("Robin", reader.email, reader.id)


def test_nobody_borrows_the_trust_of_an_account_by_typing_its_address(app, client):
    story, reader = make_article(), make_account("known@example.org")
    make_comment(story, email=reader.email, account_id=reader.id)
    say(client, story, email="known@example.org", body="Not me")
    assert state_of("known@example.org") == ["approved", "held"]
    own = browser(app)
    sign_in(own, reader)
    say(own, story, body="Me")
    assert state_of("known@example.org") == ["approved", "held", "approved"]


def test_trust_ends_with_spam_and_a_crowd_of_links_waits(client):
    story = make_article()
    make_comment(story, email=FORM["email"])
    say(client, story, body="See http://a.example http://b.example and www.c.example")
    assert state_of()[-1] == "held"
    say(client, story, body="See <https://a.example>")
    assert state_of()[-1] == "approved"
    make_comment(story, email=FORM["email"], state=CommentState.SPAM)
    say(client, story, body="Again")
    assert state_of()[-1] == "held"


def test_an_authors_name_is_for_the_author(app, client):
    story = make_article(authors=[make_author(name="Marit Olderzand")])
    make_comment(story, email=FORM["email"])
    say(client, story, name="marit olderzand", body="I wrote this")
    assert state_of()[-1] == "held"
    author = browser(app)
    sign_in(author, make_account("marit@example.org", name="Marit Olderzand", role=Role.AUTHOR))
    say(author, story, body="It is. They mended the lift.")
    mark = '<span lang="zh" title="The author">楼主</span>'
    assert mark in page(client, story), "staff appear at once, and who wrote the story is marked"
    reader = browser(app)
    sign_in(reader, make_account("not.marit@example.org", name="Marit Olderzand"))
    say(reader, story, body="Me too")
    begin_write()
    for comment in db.session.scalars(select(Comment)):
        comment.state = CommentState.APPROVED
    db.session.commit()
    assert "Me too" in page(client, story) and page(client, story).count(mark) == 1


def test_answers_are_two_deep(client):
    story = make_article()
    make_comment(story, email=FORM["email"])
    first = make_comment(story, "Ground floor")
    say(client, story, parent=str(first.id), body="Answer")
    answer = db.session.scalar(select(Comment).order_by(Comment.id.desc()))
    assert answer.parent_id == first.id
    form = client.get(f"/articles/{story.slug}/comments/{answer.id}/reply")
    assert f'name="parent" value="{answer.id}"' in form.text and "<p>Answer</p>" in form.text
    assert form.headers["Cache-Control"] == "private, no-store" and "noindex" in form.headers["X-Robots-Tag"]
    say(client, story, parent=str(answer.id), body="Answer to the answer")
    last = db.session.scalar(select(Comment).order_by(Comment.id.desc()))
    assert last.parent_id == first.id
    assert page(client, story).count("reply--1") == 2


@pytest.mark.parametrize(
    "parent", ["of another story", "held", "999999999", "9999999999", "99999999999999999999", "x", "-1", "１"]
)
def test_what_cannot_be_answered_is_said_and_the_words_stay(client, parent):
    story = make_article()
    if parent == "of another story":
        parent = str(make_comment(make_article()).id)
    elif parent == "held":
        parent = str(make_comment(story, state=CommentState.HELD).id)
    reply = say(client, story, parent=parent)
    assert reply.status_code == 422 and FORM["body"] in reply.text and "no longer here" in reply.text
    assert state_of() == []
    if parent.isascii() and parent.isdigit():
        assert client.get(f"/articles/{story.slug}/comments/{parent}/reply").status_code == 404


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"name": ""}, "The name is missing"),
        ({"name": "Eve\nBcc: all@example.org"}, "cannot be shown"),
        ({"name": "x" * 81}, "too long"),
        ({"email": ""}, "The e-mail address is missing"),
        ({"email": "eve"}, "not a whole e-mail address"),
        ({"email": "eve@example.org\nBcc: all@example.org"}, "not a whole e-mail address"),
        ({"body": " \n "}, "nothing to read"),
        ({"body": "\u200b"}, "nothing to read"),
        ({"body": "x" * 5001}, "too long by 1 characters"),
        ({"body": None}, "nothing to read"),
    ],
)
def test_a_form_with_a_fault_comes_back_with_all_that_was_typed(client, given, sentence):
    story = make_article()
    reply = say(client, story, **given)
    assert reply.status_code == 422 and sentence in reply.text
    for name, typed in (FORM | given).items():
        if typed and "\n" not in typed and typed.isprintable():
            assert typed in reply.text, name
    assert state_of() == []


def test_nul_and_ten_megabytes_are_refused(client):
    story = make_article()
    assert say(client, story, body="a\0b").status_code == 400
    assert say(client, story, body="x" * 10_000_000).status_code == 413
    assert client.get("/articles/a%00b/comments").status_code in (400, 404)
    assert db.session.scalar(select(func.count(Comment.id))) == 0


def test_a_machine_that_fills_in_the_trap_is_thanked_and_goes_to_spam(client):
    story = make_article()
    make_comment(story, email=FORM["email"])
    reply = say(client, story, homepage="https://pills.example")
    assert reply.location.endswith("/held")
    assert state_of() == ["approved", "spam"]


def test_two_clicks_store_one_reply(client):
    story = make_article()
    first, second = say(client, story), say(client, story)
    assert first.location == second.location and state_of() == ["held"]
    say(client, story, body="Something else")
    assert state_of() == ["held", "held"]
    begin_write()
    for comment in db.session.scalars(select(Comment)):
        comment.written_at = utcnow() - timedelta(days=2)
    db.session.commit()
    say(client, story)
    assert len(state_of()) == 3, "the same words another day are another reply"


def test_who_writes_too_much_waits_and_keeps_the_words(client):
    story = make_article()
    for number in range(10):
        assert say(client, story, body=f"Floor {number}").status_code == 303
    late = say(client, story, body="Floor 11")
    assert late.status_code == 429 and "Floor 11" in late.text and int(late.headers["Retry-After"]) <= 900
    for number in range(9):
        assert say(client, story, email=f"r{number}@example.org").status_code == 303
    assert say(client, story, email="other@example.org").status_code == 429, "the whole network is counted"
    assert len(state_of()) == 10


def test_who_cannot_read_cannot_reply(app, client):
    secret = "the quarry closed at noon"
    story = make_article(f"One.\n\nTwo.\n\nThree.\n\n{secret}", access=Access.PATRONS)
    comment = make_comment(story, f"On how {secret}")
    address = f"/articles/{story.slug}/comments"
    for closed in (client.get(address), client.get(f"{address}/{comment.id}/reply"), client.get(f"{address}/held")):
        assert closed.status_code == 403 and secret not in closed.text
    refused = say(client, story)
    assert refused.status_code == 403 and FORM["body"] in refused.text and secret not in refused.text
    assert secret not in page(client, story) and 'name="body"' not in page(client, story)
    reader = browser(app)
    sign_in(reader, make_account())
    assert say(reader, story).status_code == 403
    patron = browser(app)
    sign_in(patron, make_patron())
    assert say(patron, story).status_code == 303
    assert secret in patron.get(f"{address}/{comment.id}/reply").text


@pytest.mark.parametrize("given", [{"status": "draft"}, {"published_at": NOON + timedelta(days=9999)}])
def test_what_is_not_out_takes_no_replies(client, given):
    story = make_article(**given)
    make_comment(story, "Written before it was taken back")
    assert say(client, story).status_code == 404
    sign_in(client, make_editor())
    assert say(client, story).status_code == 404
    shown = page(client, story)
    assert "taken back" in shown and 'name="body"' not in shown and "/reply" not in shown


def test_every_visitor_gets_the_same_page_with_the_form(app):
    story = make_article()
    make_comment(story)
    one, other = browser(app).get(f"/articles/{story.slug}"), browser(app).get(f"/articles/{story.slug}")
    assert one.data == other.data and "Set-Cookie" not in one.headers and "Cookie" not in one.headers.get("Vary", "")
    assert one.headers["Cache-Control"].startswith("public")
    assert f'action="/articles/{story.slug}/comments"' in one.text and "Write the second floor" in one.text


def test_the_desk_gets_one_letter_an_hour(app, client):
    keep(Publication(id=1, email="desk@example.org"))
    story = make_article()
    say(client, story, body="First")
    say(client, story, body="Second")
    letters = list(db.session.scalars(select(Outbox)))
    assert [(letter.letter, letter.recipient) for letter in letters] == [("reply-held", "desk@example.org")]
    assert letters[0].details["words"] == "First"


def test_the_queue_comes_a_page_at_a_time_oldest_first(client):
    story = make_article()
    begin_write()
    for number in range(35):
        comment = Comment(article_id=story.id, name=f"Waiting {number:02}", written_at=NOON + timedelta(minutes=number))
        db.session.add(comment)
    db.session.commit()
    sign_in(client, make_editor())
    one, two = client.get("/desk/comments").text, client.get("/desk/comments?page=2").text
    assert re.findall(r"<b>Waiting (\d\d)</b>", one) == [f"{number:02}" for number in range(30)]
    assert re.findall(r"<b>Waiting (\d\d)</b>", two) == [f"{number:02}" for number in range(30, 35)]


def test_only_what_readers_see_empties_the_caches(app, client):
    story = make_article()
    make_comment(story, email="known@example.org")
    before = generation.current().now()
    say(client, story)
    client.post(f"/articles/{story.slug}/corrections", data={"body": "A comma is missing."})
    client.post("/contribute", data={"kind": "tip", "subject": "Lift", "body": "It stands."})
    assert generation.current().now() == before
    say(client, story, email="known@example.org")
    assert generation.current().now() != before


CLICKS = 4


def test_clicks_at_the_same_moment_store_one_reply_and_one_letter(app):
    story = make_article()
    slug, start = story.slug, Barrier(CLICKS)
    db.session.remove()

    def click(_number: int) -> set[int]:
        start.wait(20)
        tip = {"kind": "tip", "subject": "Lift", "body": "It stands."}
        own = app.test_client()
        said = own.post(f"/articles/{slug}/comments", data=FORM)
        return {said.status_code, own.post("/contribute", data=tip).status_code}

    with ThreadPoolExecutor(CLICKS) as clicks:
        assert list(clicks.map(click, range(CLICKS))) == [{303}] * CLICKS
    assert state_of() == ["held"]
    assert db.session.scalar(select(func.count(Contribution.id))) == 1


REL = 'rel="nofollow ugc noopener"'


@pytest.mark.parametrize(
    ("typed", "html"),
    [
        ("**b** *i* `c`", "<p><strong>b</strong> <em>i</em> <code>c</code></p>"),
        ("> quoted", "<blockquote>\n<p>quoted</p>\n</blockquote>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("one\ntwo", "<p>one<br>\ntwo</p>"),
        ("[x](https://a.example)", f'<p><a href="https://a.example" {REL}>x</a></p>'),
        ("<https://a.example>", f'<p><a href="https://a.example" {REL}>https://a.example</a></p>'),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>"),
        ("[x](JaVaScRiPt:alert(1))", "<p>[x](JaVaScRiPt:alert(1))</p>"),
        ("[x](&#106;avascript:alert(1))", "<p>[x](javascript:alert(1))</p>"),
        ("[x](data:text/html,y)", "<p>[x](data:text/html,y)</p>"),
        ("[x](//a.example)", "<p>[x](//a.example)</p>"),
        ("<javascript:alert(1)>", "<p>&lt;javascript:alert(1)&gt;</p>"),
        ("<mailto:a@b.example>", "<p>&lt;mailto:a@b.example&gt;</p>"),
        ("<a@b.example>", "<p>&lt;a@b.example&gt;</p>"),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"),
        ("a <img src=x onerror=alert(1)>", "<p>a &lt;img src=x onerror=alert(1)&gt;</p>"),
        ("<!-- a -->", "<p>&lt;!-- a --&gt;</p>"),
        ("# Head", "<p># Head</p>"),
        ("Head\n===", "<p>Head<br>\n===</p>"),
        ("![p](https://a.example/p.png)", f'<p>!<a href="https://a.example/p.png" {REL}>p</a></p>'),
        ('[x](https://a.example "t\\" onclick=alert(1)")', f'<p><a href="https://a.example" {REL}>x</a></p>'),
        ("[x]\n\n[x]: javascript:alert(1)", "<p>[x]</p>\n<p>[x]: javascript:alert(1)</p>"),
        ("微博", '<p><span lang="zh">微博</span></p>'),
        ("On #归舟# now", '<p>On <span class="hashtag" lang="zh">#归舟#</span> now</p>'),
        ("**看**了", '<p><strong><span lang="zh">看</span></strong><span lang="zh">了</span></p>'),
        ('"><svg onload=alert(1)>', '<p>"&gt;&lt;svg onload=alert(1)&gt;</p>'),
    ],
)
def test_small_markdown(typed, html):
    assert small(typed) == html


@pytest.mark.parametrize("run", ["*", "[", "> ", "- ", "`", "**a ", "<", "![", "_a", "\\", "[a](<b", "&", "((", "[]("])
def test_no_text_keeps_the_machine_busy(run):
    html = small((run * 5000)[:5000])
    assert html.count("<blockquote>") <= 12 and len(html) < 200_000


def test_what_can_be_seen_and_how_many_links():
    assert says_something("<p>看</p>") and says_something("<p>&lt;</p>")
    assert not says_something("<blockquote>\n</blockquote>") and not says_something("<p>&#8203;</p>")
    assert links("http://a HTTPS://b www.c", "") == 3
    assert links("[a](/b)", small("[a](/b)")) == 1


def test_a_reply_in_hanzi_alone_is_whole(client):
    story = make_article()
    make_comment(story, email="wang@example.org")
    say(client, story, name="王芳", email="wang@example.org", body="沙发！微博上都在说#归舟#。")
    shown = page(client, story)
    assert '<b><span lang="zh">王芳</span></b>' in shown and 'class="hashtag" lang="zh">#归舟#</span>' in shown
