"""What readers type finds the stories that hold it: the same ones in the same order on both databases."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from models import Article, Author, LiveEntry, SearchEntry, Tag, begin_write, db
from models.article import Kind, Status
from models.searching import Limits, asked_for, count, find, read_mark, stories
from tests.makers import NOON, keep, make_article, make_author, make_category


def slugs(typed: str, now: datetime = NOON, **limits: Any) -> list[str]:
    found = find(asked_for(typed), now, 50, Limits(**limits))
    assert len(found) == count(asked_for(typed), now, 50, Limits(**limits))
    return [story.slug for story in stories(found, now)]


@pytest.fixture
def magazine(app: Flask) -> None:
    """Seven stories; the later in this list the older."""
    told = keep(Tag(slug="guizhou", name="#归舟#"))
    writer = make_author(name="Zoë Kuipers", slug="zoe")
    make_article("她说了很多话。", slug="meng", title="Meng comes home", standfirst="孟晚舟回来了。", tags=[told])
    make_article("The word 人质外交 came up; 微博热搜 followed.", slug="hostages", title="Diplomacy by hostage")
    make_article("关于博客与微信的文章。", slug="blogs", title="Of blogs and chats")
    make_article("Something else entirely.", slug="weibo", title="What 微博 is", authors=[writer])
    make_article("Nothing of the kind. ＷＥＣＨＡＴ 网络", slug="cafe", title="The café of 網絡")
    make_article("「孟晚、晚舟」不是一個名字。", slug="apart", title="Two words apart")
    make_article("人質外交是一種說法。", slug="traditional", title="In the old script", standfirst="臺灣的說法。")


FINDS = [
    ("微博", ["weibo", "hostages"]),  # in the title first, although it is older; never 博客与微信
    ("孟晚舟", ["meng"]),
    ("人质外交", ["hostages", "traditional"]),
    ("人質外交", ["hostages", "traditional"]),
    ("外交", ["hostages", "traditional"]),
    ("孟", ["meng", "apart"]),
    ("Meng 孟晚舟", ["meng"]),
    ("孟晚舟meng", ["meng"]),
    ("#归舟#", ["meng"]),
    ("#歸舟#", ["meng"]),
    ("归舟", ["meng"]),
    ("cafe", ["cafe"]),
    ("CAFÉ", ["cafe"]),
    ("caf", ["cafe"]),  # what begins with it
    ("diplom", ["hostages"]),
    ("ca", []),  # two letters are a word
    ("wechat", ["cafe"]),  # full width
    ("ｗｅｃｈａｔ", ["cafe"]),
    ("网络", ["cafe"]),
    ("網絡", ["cafe"]),
    ("台湾", ["traditional"]),
    ("zoe kuipers", ["weibo"]),
    ("Zoë", ["weibo"]),
    ("kuipers 微博", ["weibo"]),
    ("kuipers 孟", []),
    ("网 络", ["cafe"]),  # both, somewhere
    ("晚舟回来了", ["meng"]),
    ("k1", []),  # how the index writes a section
    ("n微博", []),
    ("", []),
    ("***", []),
]


@pytest.mark.parametrize(("typed", "found"), FINDS)
def test_what_is_typed_is_found(magazine: None, typed: str, found: list[str]) -> None:
    assert slugs(typed) == found


@pytest.mark.parametrize(
    "typed",
    ['"<script>', "AND OR NOT NEAR(", "NEAR(微博 孟, 3)", "*", '"', "'", '微博" OR "孟', "words : 微博", "-微博", "(",
     "&|!", "<->", ":*", "\\", "a\0b", "\ud800", "微" * 5000, "word " * 5000, "x" * 10000, "%", "_", "微博*", "^微博",
     "{words}:x"],
)  # fmt: skip
def test_nothing_typed_reaches_the_query_syntax(magazine: None, typed: str) -> None:
    slugs(typed)


def test_marks_around_a_word_change_nothing(magazine: None) -> None:
    assert slugs('NOT "微博"*') == []  # NOT is a word like any other
    assert slugs('"微博"*') == slugs("-微博") == slugs("^微博:") == slugs("微博")


def test_a_long_list_goes_on_where_it_ended(magazine: None) -> None:
    for number in range(12):
        make_article("微博 once more.", slug=f"more-{number}", title="微博" if number % 3 else "Another")
    asked, seen = asked_for("微博"), []
    page = find(asked, NOON, 4)
    while page:
        seen += page
        page = find(asked, NOON, 4, after=read_mark(page[-1].mark))
    assert seen == find(asked, NOON, 50) and len({hit.place for hit in seen}) == 14


@pytest.mark.parametrize("mark", ["", "n", "x5", "n5x", "n٣", "n-", "w" + "9" * 30, "n--5"])
def test_a_mark_that_is_none_is_refused(mark: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - an enum's own
        read_mark(mark)


def test_a_search_is_narrowed_by_section_author_and_year(app: Flask) -> None:
    section, writer = make_category(), make_author()
    make_article("微博", slug="in", category_id=section.id)
    make_article("微博", slug="by", authors=[writer])
    make_article("微博", slug="old", published_at=datetime(2024, 3, 1, tzinfo=UTC))
    assert slugs("微博", category_id=section.id) == ["in"]
    assert slugs("微博", author_id=writer.id) == ["by"]
    year = {"since": datetime(2024, 1, 1, tzinfo=UTC), "before": datetime(2025, 1, 1, tzinfo=UTC)}
    assert slugs("微博", **year) == ["old"]
    assert slugs("微博", **year, author_id=writer.id) == []


def test_drafts_and_private_stories_are_not_found_and_scheduled_ones_when_their_time_has_come(app: Flask) -> None:
    for status in Status:
        make_article("微博", slug=f"{status}", status=status)
    make_article("微博", slug="later", published_at=NOON + timedelta(hours=1))
    assert slugs("微博") == ["published"]
    assert slugs("微博", NOON + timedelta(minutes=59, seconds=59)) == ["published"]
    assert slugs("微博", NOON + timedelta(hours=1)) == ["later", "published"]


def change(action: Any) -> None:
    begin_write()
    action()
    db.session.commit()


def test_the_index_follows_every_change_of_a_story(app: Flask) -> None:
    story, tag, writer = (
        make_article("First.", slug="it"),
        keep(Tag(slug="t", name="初雪")),
        make_author(name="Bo Dijk"),
    )
    steps = [
        (lambda: story.write("换成微博。"), "微博"),
        (lambda: setattr(story, "title", "On 电梯"), "电梯"),
        (lambda: setattr(story, "standfirst", "快递员"), "快递员"),
        (lambda: story.tags.append(tag), "初雪"),
        (lambda: setattr(tag, "name", "大雪"), "大雪"),
        (lambda: story.set_authors([writer]), "Dijk"),
        (lambda: setattr(writer, "name", "Bo Berg"), "Berg"),
    ]
    for step, word in steps:
        assert slugs(word) == [], word
        change(step)
        assert slugs(word) == ["it"], word
    assert slugs("初雪") == slugs("Dijk") == []  # what it no longer has
    change(lambda: story.set_authors([]))
    assert slugs("Berg") == []
    change(lambda: db.session.delete(tag))
    assert slugs("大雪") == []
    change(story.unpublish)
    assert slugs("微博") == []
    change(lambda: story.publish(NOON))
    assert slugs("微博") == ["it"]
    change(lambda: setattr(story, "published_at", NOON + timedelta(days=1)))
    assert slugs("微博") == []
    change(lambda: db.session.delete(story))
    assert db.session.scalars(db.select(SearchEntry)).all() == []
    assert find(asked_for("微博"), NOON + timedelta(days=2), 5) == []


def test_the_index_follows_a_liveblogs_entries(app: Flask) -> None:
    story = make_article("", slug="live", kind=Kind.LIVEBLOG)
    entry = LiveEntry(article_id=story.id, at=NOON, body_html="<p>微<em>博</em></p>")
    keep(entry)
    assert slugs("微博") == ["live"]
    change(lambda: setattr(entry, "body_html", "<p>电梯</p><p>坏了</p>"))
    assert slugs("微博") == [] and slugs("电梯") == ["live"]
    assert slugs("电梯坏了") == []  # two paragraphs
    change(lambda: setattr(entry, "removed_at", NOON))
    assert slugs("电梯") == []


def test_changes_past_the_objects_are_followed_too(app: Flask) -> None:
    story, writer = make_article("微博", slug="it"), make_author(name="Bo Dijk")
    change(lambda: story.set_authors([writer]))
    change(lambda: db.session.execute(db.update(Author).where(Author.name == "Bo Dijk").values(name="Bo Berg")))
    assert slugs("Berg") == ["it"]
    change(lambda: db.session.execute(db.update(Article).values(title="电梯")))
    assert slugs("电梯") == ["it"]
    change(lambda: db.session.execute(db.update(Article), [{"id": story.id, "standfirst": "大雪"}]))
    assert slugs("大雪") == ["it"]
    change(lambda: db.session.execute(db.delete(Article)))
    assert slugs("微博") == []


def test_what_is_undone_leaves_no_trace(app: Flask) -> None:
    story = make_article("微博", slug="it")
    begin_write()
    story.title = "电梯"
    db.session.flush()
    db.session.rollback()
    assert slugs("电梯") == [] and slugs("微博") == ["it"]


def test_a_count_of_reads_leaves_the_index_alone(app: Flask) -> None:
    story = make_article("微博", slug="it")
    change(lambda: db.session.execute(db.update(SearchEntry.__table__).values(place=SearchEntry.place + 1)))
    before = db.session.scalar(db.select(SearchEntry.place))
    change(lambda: setattr(story, "reads", 5))
    assert db.session.scalar(db.select(SearchEntry.place)) == before
