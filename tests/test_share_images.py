"""The picture that networks show with a link: what is on it, and when it is made anew."""

import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image, ImageChops

from models import Publication, begin_write, db, typefaces, utcnow
from models.article import Status
from models.metering import Access
from models.share_card import BOTTOM, MARGIN, PAPER, SIZE, TITLE_SIZES, TOP, WIDTH, Card, drawable, fitted, wrapped
from models.typefaces import serif
from tests.makers import keep, make_article, make_category, make_editor, sign_in

KNOWN = (typefaces.serif, typefaces.sans, typefaces.has_hanzi_face, typefaces.names, typefaces._files)
LONG = "How a county town of four hundred thousand people learnt to read a notice that nobody had written " * 4


def forget() -> None:
    for each in KNOWN:
        each.cache_clear()


@pytest.fixture
def no_typefaces(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine without a single font."""
    monkeypatch.setattr(typefaces, "PLACES", {"linux": (), "darwin": (), "win32": ()})
    monkeypatch.setattr(typefaces, "WHEELS", ())
    forget()
    yield
    forget()


@pytest.fixture
def hanzi_face() -> None:
    if not typefaces.has_hanzi_face():
        pytest.skip("no typeface with hanzi on this machine: sudo apt install fonts-noto-cjk")


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    assert (image.format, image.size) == ("PNG", SIZE)
    return image.convert("RGB")


def drawn(title: str, section: str = "Society", site: str = "Upstairs", raised: str = "") -> Image.Image:
    return opened(Card(title, section, site, raised).png())


def box(image: Image.Image) -> tuple[int, int, int, int]:
    found = ImageChops.difference(image, Image.new("RGB", image.size, PAPER)).getbbox()
    assert found
    return found


@pytest.mark.parametrize(
    "title", ["Sofa", LONG, "W" * 300, "字" * 300, "#德中建交五十周年# 50 years", "", "g" * 40, "É" * 9]
)
def test_any_title_stays_within_the_margins(title: str) -> None:
    left, top, right, bottom = box(drawn(title, "A section of the magazine " * 9, "A magazine " * 9, "楼上"))
    assert left >= MARGIN - 4 and right <= SIZE[0] - MARGIN + 4 and top >= 60 and bottom <= SIZE[1] - 20
    lines, size = fitted(drawable(title, serif(TITLE_SIZES[0])))
    assert len(lines) * size <= BOTTOM - TOP
    assert all(serif(size).width(line) <= WIDTH for line in lines)


def test_a_long_title_shrinks_and_a_longer_one_is_cut() -> None:
    assert fitted("Sofa")[1] == TITLE_SIZES[0] > fitted(LONG[:180])[1]
    lines, size = fitted(LONG)
    assert size == TITLE_SIZES[-1] and lines[-1].endswith("…")


def test_lines_break_between_words_and_never_inside_hanzi_that_fit() -> None:
    def width(text: str) -> float:
        return len(text.encode("gb18030"))  # a hanzi is two letters wide

    assert wrapped("Two planes 孟晚舟归舟 and more", width, 12) == ["Two planes", "孟晚舟归舟", "and more"]
    assert wrapped("On #骑手说电梯# now", width, 14) == ["On", "#骑手说电梯#", "now"]
    assert wrapped("一二三四五，六七《八九》十。", width, 10) == ["一二三四", "五，六七", "《八九》", "十。"]
    lines, _ = fitted("#德中建交五十周年# 50 years")
    assert any("#德中建交五十周年#" in line for line in lines) or not typefaces.has_hanzi_face()


def test_hanzi_show(hanzi_face: None) -> None:
    with_hanzi, without = drawn("Lift 电梯"), drawn("Lift")
    assert box(with_hanzi.crop((0, TOP, SIZE[0], BOTTOM)))[2] > box(without.crop((0, TOP, SIZE[0], BOTTOM)))[2] + 90
    for one, other in (("孟晚舟", "人质外"), ("归舟", "歸舟")):  # different signs, not one box for all
        assert ImageChops.difference(drawn(one), drawn(other)).getbbox()
    assert box(drawn("x", raised="楼上").crop((0, 520, *SIZE)))[2] > box(drawn("x").crop((0, 520, *SIZE)))[2]


def test_what_cannot_be_drawn_is_left_out_and_no_box_stands_for_it() -> None:
    for emoji in ("🎉", "👩‍👩‍👧", "🇨🇳", "\ue000", "\U000fffff"):
        assert drawable(f"A {emoji} party", serif(42)) == "A party"
    assert drawn("A 🎉 party").tobytes() == drawn("A party").tobytes()


def test_without_a_typeface_for_them_hanzi_are_left_out_whole(no_typefaces: None) -> None:
    told = {
        "Two planes: 孟晚舟 and the lift": "Two planes: and the lift",
        "A chemist (高考): how": "A chemist: how",
        "On #骑手说电梯坏了# again": "On again",
        "The 一带一路2026年 plans": "The plans",
        "Society & 社会": "Society",
        "Nǐ hǎo": "Ni hao",
        "归舟": "",
    }
    assert {title: drawable(title, serif(42)) for title in told} == told
    assert drawn("归舟").tobytes() == drawn("Upstairs").tobytes()
    box(drawn("Plain"))


# --- on the site ---------------------------------------------------------------------------------------------


def fetch(client: FlaskClient, slug: str) -> bytes:
    with client.get(f"/share/{slug}.png") as reply:
        assert (reply.status_code, reply.mimetype) == (200, "image/png")
        assert reply.cache_control.public and reply.cache_control.max_age == 3600
        assert "Set-Cookie" not in reply.headers
        with client.get(f"/share/{slug}.png", headers={"If-None-Match": reply.headers["ETag"]}) as again:
            assert again.status_code == 304
        return reply.data


def files(app: Flask) -> list[Path]:
    return sorted(Path(app.config["DATA"], "share").iterdir())


def test_an_edit_of_what_is_drawn_makes_a_new_one_and_the_old_one_goes(app: Flask, client: FlaskClient) -> None:
    other = make_article()
    fetch(client, other.slug)
    story = make_article(title="The lift 电梯", category=make_category(name="Society"))
    first = fetch(client, story.slug)
    before = files(app)
    begin_write()
    story.write("Another text.")
    db.session.commit()
    assert (fetch(client, story.slug), files(app)) == (first, before)
    for change in ("title", "section", "magazine"):
        begin_write()
        if change == "title":
            story.title = "The stairs"
        elif change == "section":
            story.category.name = "Rules"
        else:
            db.session.merge(Publication(id=1, wordmark_hanzi="楼上"))
        db.session.commit()
        now = fetch(client, story.slug)
        assert files(app) != before and len(files(app)) == 2
        assert now != first or (change == "magazine" and not typefaces.has_hanzi_face())
        first, before = now, files(app)


def test_a_closed_story_has_one_too_and_its_text_is_not_even_read(client: FlaskClient) -> None:
    story = make_article("The secret.", access=Access.PATRONS, title="Behind the wall", standfirst="One")
    first = opened(fetch(client, story.slug))
    twin = make_article("Other words.", access=Access.FREE, title="Behind the wall", standfirst="Two")
    assert opened(fetch(client, twin.slug)).tobytes() == first.tobytes()


def test_what_is_not_out_has_none(app: Flask, client: FlaskClient) -> None:
    draft = make_article(status=Status.DRAFT)
    private = make_article(status=Status.PRIVATE)
    planned = make_article(published_at=utcnow() + timedelta(days=1))
    sign_in(client, keep(make_editor()))
    for slug in (draft.slug, private.slug, planned.slug, "none", "..%2Fmasthead"):
        assert client.get(f"/share/{slug}.png").status_code == 404
    assert not Path(app.config["DATA"], "share").exists()
