"""The demo magazine: whole, sound, loaded once, and never where money is real."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import html5lib
import pytest
from flask import Flask
from sqlalchemy import func, select

from blueprints.login import password_matches
from blueprints.magazine.contents import with_contents
from blueprints.ops.demo.load import load
from blueprints.ops.demo.reading import SIGN_INS
from models import (
    Account,
    Article,
    Code,
    Comment,
    Contribution,
    Correction,
    LiveEntry,
    Offer,
    Page,
    Payment,
    Picture,
    Publication,
    Series,
    Tag,
    Term,
    begin_write,
    db,
)
from models.article import Kind
from models.comment import CommentState
from models.contribution import ContributionState, CorrectionState
from models.metering import VISITOR, Access, Viewer
from models.patronage import is_patron
from models.presenting import present
from models.pricing import DiscountRefused, quote
from tests.conftest import open_site
from tests.makers import make_account

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
PASSWORDS = {setting: f"password of {setting}" for setting in SIGN_INS}
PATRON = Viewer(is_signed_in=True, is_patron=True)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The demo, loaded once for the tests that only look at it."""
    app = open_site(
        {
            "DATA": tmp_path_factory.mktemp("demo"),
            "SECRET_KEY": "for tests only",
            "STRIPE_SECRET_KEY": "sk_test_masthead",
            "STRIPE_WEBHOOK_SECRETS": "whsec_for_tests",
            "STRIPE_API_BASE": "http://127.0.0.1:1",
            "TESTING": True,
        }
    )
    with app.app_context():
        load(app.config["DATA"], PASSWORDS, NOW)
        yield app
        db.session.remove()
        db.engine.dispose()


def stories(access: Access | None = None) -> list[Article]:
    found = select(Article).order_by(Article.slug)
    return list(db.session.scalars(found.where(Article.access == access) if access else found))


def plain(html: str) -> str:
    return re.sub(r"<[^>]+>", "", html)


def counts() -> dict[str, int]:
    return {name: db.session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in db.metadata.tables.items()}  # fmt: skip


def test_every_text_renders_as_sound_html(demo: Flask) -> None:
    pictures, parser = Picture.sizes(), html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    for story in stories():
        shown = present(story, PATRON)
        html = shown.html + shown.references + "".join(entry.body_html for entry in shown.entries)
        page = parser.parse(f"<!doctype html><title>x</title>{html}")
        ids = [element.get("id") for element in page.iter() if element.get("id")]
        assert len(ids) == len(set(ids)), story.slug
        for link in (element.get("href", "") for element in page.iter("a")):
            assert not link.startswith("#") or link[1:] in ids, (story.slug, link)
        for image in page.iter("img"):
            assert image.get("src", "").removeprefix("/media/") in pictures and image.get("alt") and image.get("width")
        leftover = re.search(r":::|\*\*|\[\^|media:|['\"]", plain(html.replace("&quot;", "'")))
        assert not leftover, (story.slug, leftover)
        assert story.picture and story.picture_alt and story.authors and story.category and story.minutes >= 1
    for page in db.session.scalars(select(Page)):
        parser.parse(f"<!doctype html><title>x</title>{page.body_html}")


def test_there_are_enough_stories_of_every_kind(demo: Flask) -> None:
    assert len(stories()) >= 16
    assert len({story.category_id for story in stories()}) >= 5
    assert sum(story.is_lead for story in stories()) == 1
    [liveblog] = [story for story in stories() if story.kind is Kind.LIVEBLOG]
    assert not liveblog.is_open and len(liveblog.entries) >= 10


@pytest.mark.parametrize("access", [Access.METERED, Access.MEMBERS, Access.PATRONS])
def test_gated_stories_are_worth_the_gate(demo: Flask, access: Access) -> None:
    gated = stories(access)
    assert len(gated) >= 3
    for story in gated:
        text, teaser = plain(present(story, PATRON).html), plain(present(story, VISITOR).html)
        assert len(re.findall(r"[.?!。？！][’”]?(?=\s|$)", text)) >= 20, story.slug
        assert teaser and len(teaser) < len(text) / 2, story.slug


def test_loading_twice_changes_nothing_not_even_what_somebody_changed(app: Flask) -> None:
    load(app.config["DATA"], PASSWORDS, NOW)
    begin_write()
    stories()[0].title = "Mine now"
    db.session.commit()
    before = counts()
    assert before["article"] and before["comment"] and before["live_entry"] and before["term"]
    assert not load(app.config["DATA"], PASSWORDS, NOW + timedelta(days=3))
    assert counts() == before
    assert stories()[0].title == "Mine now"


def test_what_hangs_together_does(demo: Flask) -> None:
    with_gloss = [tag for tag, has_story in Tag.board(NOW) if has_story]
    assert len(Tag.board(NOW)) == 5 and with_gloss and all(tag.meaning for tag in with_gloss)
    replies = list(db.session.scalars(select(Comment)))
    assert any(reply.parent_id for reply in replies) and any(reply.by_author for reply in replies)
    assert (Publication.get().wordmark_hanzi, Publication.get().publisher) == ("楼上", "Stichting Bovenburen")
    assert db.session.scalar(select(func.count()).select_from(LiveEntry).where(LiveEntry.body_html == "")) == 0
    for picture in db.session.scalars(select(Picture)):
        assert (demo.config["DATA"] / "media" / picture.file_name).is_file()


def test_the_glossary_explains_words_that_the_stories_use(demo: Flask) -> None:
    shown = [present(story, PATRON) for story in stories()]
    texts = "".join(each.html + "".join(entry.body_html for entry in each.entries) for each in shown)
    terms = Term.in_order()
    assert len(terms) >= 12
    for term in terms:
        assert term.hanzi in texts and term.meaning and not term.pinyin.isascii(), term.hanzi


def test_a_series_is_read_in_order_and_a_long_story_lists_its_parts(demo: Flask) -> None:
    [series] = Series.in_order()
    parts = sorted((story for story in stories() if story.series is series), key=lambda story: story.series_position)
    assert [part.series_position for part in parts] == [1, 2, 3]
    assert [part.published_at for part in parts] == sorted(part.published_at for part in parts if part.published_at)
    assert any(with_contents(present(story, PATRON))[1] for story in stories())


def test_the_desk_has_letters_to_judge_and_one_mistake_is_put_right(demo: Flask) -> None:
    [correction] = db.session.scalars(select(Correction))
    assert correction.state is CorrectionState.ACCEPTED and correction.noted_at and correction.note
    assert correction.article.updated_at and correction.article.updated_at >= correction.noted_at
    assert Comment.how_many()[CommentState.HELD] == 1
    assert Contribution.how_many()[ContributionState.NEW] == 1


def test_the_report_has_its_files_and_each_code_its_answer(demo: Flask) -> None:
    offer = Offer.by_slug("china-internet-report")
    assert offer and Picture.by_key(offer.cover_key) and offer.cover_alt
    pro = offer.paid_edition
    assert pro
    for edition in offer.editions:
        assert (demo.config["DATA"] / "files" / edition.file).stat().st_size > 10_000
    code = Code.by_text(" WhatsOnWeibo30 ")
    assert code and quote(pro.price, code.discount(NOW), pro.id, NOW).total.minor == 28_000
    refusals = set()
    for text in ("LASTYEAR20", "FULLHOUSE10", "NEWSROOM15"):
        refused = Code.by_text(text)
        assert refused
        with pytest.raises(DiscountRefused) as said:
            quote(pro.price, refused.discount(NOW), pro.id, NOW)
        refusals.add(str(said.value))
    assert len(refusals) == 3


def test_three_people_can_sign_in(demo: Flask) -> None:
    for setting, (email, _name, role) in SIGN_INS.items():
        account = Account.by_email(email)
        assert account and account.role is role and account.email_verified_at
        assert password_matches(account, PASSWORDS[setting])
        assert is_patron(account, NOW) is (email == "patron@upstairs.example")
    [gift] = db.session.scalars(select(Payment))
    assert gift.stripe_id.startswith("demo_") and "Sample" in gift.card


def test_dates_move_back_by_whole_days_where_they_lie_ahead(app: Flask) -> None:
    early = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
    load(app.config["DATA"], PASSWORDS, early)
    newest = max(story.published_at for story in stories() if story.published_at)
    assert early - timedelta(days=1) < newest <= early
    live = next(story for story in stories() if story.kind is Kind.LIVEBLOG)
    assert live.opened_at and live.entries[0].at - live.opened_at < timedelta(hours=1)


def test_the_codes_still_hold_years_from_now(app: Flask) -> None:
    later = datetime(2031, 1, 1, tzinfo=UTC)
    load(app.config["DATA"], PASSWORDS, later)
    good, old = Code.by_text("WHATSONWEIBO30"), Code.by_text("LASTYEAR20")
    assert good and good.ends_at and good.ends_at > later
    assert old and old.ends_at and old.ends_at < later


def test_the_command_says_what_it_did(app: Flask) -> None:
    for setting, password in PASSWORDS.items():
        app.config[setting] = password
    run = app.test_cli_runner()
    first = run.invoke(args=["demo", "--if-empty"])
    assert first.exit_code == 0 and first.output.startswith("Loaded ") and first.output.count("\n") == 1
    assert run.invoke(args=["demo"]).output == "nothing\n"
    assert run.invoke(args=["demo", "--if-empty"]).output == ""


def test_a_password_that_was_not_given_is_told(app: Flask) -> None:
    output = app.test_cli_runner().invoke(args=["demo"]).output
    password = re.search(r"^editor@upstairs\.example  (\S+)$", output, re.MULTILINE)
    assert password and password_matches(Account.by_email("editor@upstairs.example"), password[1])


def test_a_magazine_with_people_in_it_is_left_alone(app: Flask) -> None:
    make_account()
    assert app.test_cli_runner().invoke(args=["demo", "--if-empty"]).output == ""
    assert not stories()


@pytest.mark.parametrize(
    ("name", "value"),
    [("STRIPE_SECRET_KEY", "sk_live_x"), ("STRIPE_SECRET_KEY", "rk_live_x"), ("SITE_URL", "https://upstairs.example")],
)
def test_it_is_refused_where_money_is_real(app: Flask, name: str, value: str, capsys: pytest.CaptureFixture) -> None:
    app.config[name] = value
    result = app.test_cli_runner().invoke(args=["demo"])
    assert result.exit_code == 2 and not stories()
