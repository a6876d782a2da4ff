"""The page of search, and the page of a wrong address: what was found in what its reader may read, and ways on."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, event

from models import LiveEntry, SearchEntry, Tag, begin_write, db, lost_address, utcnow
from models.article import Kind
from models.excerpt import BEFORE, WIDE, in_context, marked, overlaid, spans
from models.metering import Access
from models.searching import asked_for
from models.spelling import near_questions, slips
from tests.conftest import browser
from tests.makers import NOON, keep, make_account, make_article, make_author, make_category, make_patron, sign_in

RESULTS = re.compile(r'<ol id="results".*?</ol>', re.DOTALL)


@pytest.fixture
def magazine(app: Flask) -> None:
    """Five stories; the later in this list the older."""
    section = make_category(slug="society", name="Society")
    tag = keep(Tag(slug="going-home", name="#归舟#"))
    writer = make_author(name="Zoë Kuipers", slug="zoe")
    make_article("她说了很多话。", slug="meng", title="Meng comes home", standfirst="孟晚舟回来了。", tags=[tag])
    make_article(
        "It began in June.\n\nThe word 人质外交 came up.",
        slug="hostages",
        title="Diplomacy by hostage",
        category=section,
        published_at=NOON - timedelta(minutes=5),
    )
    make_article("Something else entirely.", slug="weibo", title="What 微博 is", authors=[writer])
    make_article("Nothing of the kind.", slug="cafe", title="The café", published_at=datetime(2024, 3, 1, tzinfo=UTC))
    make_article("人質外交是一種說法。", slug="traditional", title="In the old script")


def results(client: FlaskClient, query: str) -> str:
    """The list of results, or ""."""
    reply = client.get(f"/search?{query}")
    assert reply.status_code == 200, query
    found = RESULTS.search(reply.text)
    return found[0] if found else ""


def slugs(markup: str) -> list[str]:
    return re.findall(r'<h3><a href="/articles/([^"]+)"', markup)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("微博", ["weibo"]),
        ("孟晚舟", ["meng"]),
        ("人质外交", ["hostages", "traditional"]),
        ("孟", ["meng"]),
        ("Meng 孟晚舟", ["meng"]),
        ("%23归舟%23", ["meng"]),
        ("CAFE", ["cafe"]),
        ("diplom", ["hostages"]),
        ("zoe", ["weibo"]),
    ],
)
def test_what_is_typed_is_listed(magazine: None, client: FlaskClient, typed: str, found: list[str]) -> None:
    assert slugs(results(client, f"q={typed}")) == found


def test_a_result_shows_the_hit_in_its_context_and_what_the_story_is(magazine: None, client: FlaskClient) -> None:
    page = results(client, "q=人质外交")
    assert 'The word <span lang="zh"><mark>人质外交</mark></span> came up.' in page
    assert '<span lang="zh"><mark>人質外交</mark>是一種說法。</span>' in page, "found in the other script"
    assert 'href="/category/society">Society</a>' in page and "20 Nov 2026" in page.replace("\xa0", " ")
    assert ">Free</b>" in page
    assert "Zoë" not in page
    assert "<mark>Zoë</mark> Kuipers" in results(client, "q=zoe")
    tagged = results(client, "q=归舟")
    assert '<a href="/tag/going-home"><span class="hashtag" lang="zh">#<mark>归舟</mark>#</span></a>' in tagged


@pytest.mark.parametrize(
    ("access", "cost", "note"),
    [
        (Access.METERED, "Metered", "Found further down in the story."),
        (Access.MEMBERS, "For readers who sign in", "Found in the part that is for readers who sign in."),
        (Access.PATRONS, "For patrons", "Found in the part that is for patrons."),
        (Access.PATRONS_FIRST, "For patrons", "Found in the part that is for patrons."),
    ],
)
def test_no_result_shows_a_text_that_its_reader_may_not_read(app: Flask, access: Access, cost: str, note: str) -> None:
    teaser = "\n\n".join(f"Open line {number}." for number in range(5))
    closed = "\n\n".join(f"Closed line {number}, 电梯." for number in range(12))
    make_article(f"{teaser}\n\n{closed}", slug="closed", title="Behind the wall", access=access)
    page = results(browser(app), "q=电梯")
    assert slugs(page) == ["closed"] and cost in page
    assert "电梯" not in page and "Closed line" not in page and "<mark>" not in page
    assert note in page

    patron = browser(app)
    sign_in(patron, make_patron())
    page = results(patron, "q=电梯")
    assert '<span lang="zh"><mark>电梯</mark></span>' in page and note not in page


def test_a_closed_liveblog_keeps_its_entries_and_an_open_one_shows_the_hit(app: Flask) -> None:
    for slug, access in (("closed", Access.PATRONS), ("open", Access.FREE)):
        story = make_article("", slug=slug, title=slug, kind=Kind.LIVEBLOG, access=access)
        keep(LiveEntry(article_id=story.id, at=NOON, speaker=slug, body_html=f"<p>The 电梯 of {slug}</p>"))
    page = results(browser(app), "q=电梯")
    assert sorted(slugs(page)) == ["closed", "open"]
    assert "</mark></span> of open" in page and "of closed" not in page


def test_what_is_typed_is_never_markup(magazine: None, client: FlaskClient) -> None:
    make_article("Write &lt;b&gt; for bold.", slug="bold", title="<script> & co")
    page = client.get("/search?q=<script>alert(1)</script>").text
    assert "<script>alert" not in page
    page = results(client, "q=script")
    assert "&lt;<mark>script</mark>&gt; &amp; co" in page
    assert "Write &lt;b&gt; for <mark>bold</mark>." in results(client, "q=bold")


@pytest.mark.parametrize(
    "query",
    ["q=%ed%a0%80", "q=%22%27%29%28", "q=a&year=99999", "q=a&year=0202400", "q=a&year=x", "q=%ff&author=%ff",
     "q=孟&category=nowhere", "q=" + "x" * 5000, "q=a&q=b", "q", ""],
)  # fmt: skip
def test_odd_addresses_are_answered(magazine: None, client: FlaskClient, query: str) -> None:
    assert client.get(f"/search?{query}").status_code == 200


def test_a_place_in_the_list_that_is_none_is_not_found(client: FlaskClient) -> None:
    assert client.get("/search?q=a&after=nonsense").status_code == 404


def test_results_are_narrowed_by_section_author_and_year(app: Flask, client: FlaskClient) -> None:
    section, writer = make_category(slug="society"), make_author(slug="zoe", name="Zoë")
    make_article("微博", slug="in", category=section)
    make_article("微博", slug="by", authors=[writer])
    make_article("微博", slug="old", published_at=datetime(2023, 12, 31, 23, 30, tzinfo=UTC))  # 2024 in Amsterdam
    for query, found in (
        ("category=society", ["in"]),
        ("author=zoe", ["by"]),
        ("year=2024", ["old"]),
        ("year=2023", []),
    ):
        assert slugs(results(client, f"q=微博&{query}")) == found, query
    assert len(slugs(results(client, "q=微博&category=&author=&year="))) == 3
    page = client.get("/search?q=微博&year=2024&author=zoe").text
    assert '<option value="2024" selected>' in page and '<option value="zoe" selected>' in page
    assert '<details class="search__narrow" open>' in page
    assert 'href="/search?q=%E5%BE%AE%E5%8D%9A"' in page, "the way out of what was narrowed"
    assert '<option value="2026"' in page and '<option value="2025"' in page and '<option value="2022"' not in page


def test_only_authors_with_a_story_are_offered(app: Flask, client: FlaskClient) -> None:
    make_author(slug="nothing-yet")
    make_article(authors=[make_author(slug="drafts")], published_at=utcnow() + timedelta(days=1))
    make_article(authors=[make_author(slug="told")])
    page = client.get("/search").text
    assert 'value="told"' in page and "nothing-yet" not in page and 'value="drafts"' not in page


def test_a_long_list_is_paged_and_counted(app: Flask, client: FlaskClient) -> None:
    for number in range(23):
        make_article("微博", slug=f"s{number}")
    seen, address = [], "/search?q=微博"
    for size in (10, 10, 3):
        page = client.get(address).text
        assert "23 stories with" in page
        seen += slugs(page)
        assert len(slugs(page)) == size
        more = re.search(r'rel="next" href="([^"]+)"', page)
        address = more[1].replace("&amp;", "&") if more else ""
    assert not address and seen == [f"s{number}" for number in range(23)]
    assert "Back to the first" in page


def test_one_story_is_one(magazine: None, client: FlaskClient) -> None:
    assert "One story with" in client.get("/search?q=微博").text


def test_the_page_without_a_question_helps(magazine: None, client: FlaskClient) -> None:
    page = client.get("/search").text
    assert '<form class="form search" role="search" action="/search">' in page
    assert "/tag/going-home" in page.split("<footer")[0] and "/category/society" in page and "/archive" in page
    assert 'id="results"' not in page and "autofocus" in page
    assert "noindex" not in page


def test_what_finds_nothing_leads_on(magazine: None, client: FlaskClient) -> None:
    page = client.get("/search?q=Diplomasy").text
    assert 'id="results"' not in page and "No story has ‘Diplomasy’" in page
    assert 'href="/search?q=diplomacy">diplomacy</a>' in page
    assert "/tag/going-home" in page
    assert 'href="/search?q=%E5%AD%9F%E6%99%9A"' in client.get("/search?q=孟晚饭").text


def test_signs_alone_are_no_question(magazine: None, client: FlaskClient) -> None:
    assert "There is no word in that." in client.get("/search?q=***").text


@pytest.mark.parametrize(
    ("typed", "said"),
    [("微" * 201, "its first 200 characters"), (" ".join(map(str, range(100, 115))), "the first 12"), ("short", "")],
)
def test_a_long_question_is_told_what_was_left_out(magazine: None, client: FlaskClient, typed: str, said: str) -> None:
    page = client.get("/search", query_string={"q": typed}).text
    assert (said in page) if said else "We looked for" not in page


def test_results_are_not_listed_by_search_engines(magazine: None, client: FlaskClient) -> None:
    page = client.get("/search?q=微博").text
    assert '<meta name="robots" content="noindex, follow">' in page and 'rel="canonical"' not in page


def test_every_page_leads_to_search(magazine: None, client: FlaskClient) -> None:
    for address in ("/", "/articles/meng", "/popular", "/nowhere"):
        assert '<a href="/search"' in client.get(address).text.split("<main")[0], address


def test_hanzi_that_are_not_escaped_in_the_address_are_read_as_they_are(magazine: None, client: FlaskClient) -> None:
    for query in ("q=微博".encode().decode("latin-1"), "q=%E5%BE%AE%E5%8D%9A"):
        page = client.open("/search", environ_overrides={"QUERY_STRING": query}).text
        assert slugs(page) == ["weibo"] and 'value="微博"' in page


@pytest.fixture
def asked():
    """Statements sent to the database while a test runs; clear it before what is to be counted."""
    statements: list[str] = []

    def note(_connection, _cursor, statement, *_rest):
        if not statement.startswith("BEGIN"):
            statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield statements
    event.remove(Engine, "before_cursor_execute", note)


def test_results_are_kept_until_a_story_changes(magazine: None, client: FlaskClient, asked: list[str]) -> None:
    first = client.get("/search?q=微博")
    assert "s-maxage=60" in first.headers["Cache-Control"] and "Set-Cookie" not in first.headers
    asked.clear()
    assert client.get("/search?q=微博").data == first.data and asked == []
    assert client.get("/search?q=孟").data != first.data
    make_article("微博", slug="new")
    assert "new" in slugs(results(client, "q=微博"))


def test_a_signed_in_readers_results_are_theirs(magazine: None, app: Flask) -> None:
    reader = browser(app)
    sign_in(reader, make_account())
    assert reader.get("/search?q=微博").headers["Cache-Control"] == "private, no-store"


def test_a_page_of_results_asks_few_questions(app: Flask, client: FlaskClient, asked: list[str]) -> None:
    tag = keep(Tag(slug="t", name="Tag"))
    for number in range(12):
        access = Access.PATRONS if number % 2 else Access.FREE
        make_article("微博 weibo", slug=f"s{number}", tags=[tag], authors=[make_author()], access=access)
        live = make_article("微博 weibo", kind=Kind.LIVEBLOG)
        keep(LiveEntry(article_id=live.id, at=NOON, body_html="<p>weibo</p>"))
    client.get("/search")
    asked.clear()
    assert len(slugs(results(client, "q=weibo"))) == 10
    assert len(asked) <= 14, asked


def test_the_index_is_made_anew_by_a_command(magazine: None, app: Flask) -> None:
    begin_write()
    db.session.execute(db.delete(SearchEntry))
    db.session.commit()
    assert slugs(results(browser(app), "q=孟晚舟")) == []
    told = app.test_cli_runner().invoke(args=["search-index"])
    assert told.exit_code == 0 and "The index has 5 stories." in told.output
    assert slugs(results(browser(app), "q=孟晚舟")) == ["meng"]


# ---- The line of a hit ----


def line(text: str, typed: str) -> str:
    asked = asked_for(typed)
    return str(in_context(text, spans(text, asked)))


def bare(markup: str) -> str:
    return re.sub("<[^>]+>", "", markup)


def test_a_line_begins_at_a_word_or_a_sentence_and_is_short(app: Flask) -> None:
    made = bare(line(f"{'Begin here. ' * 40}Then the lift. {'And so on. ' * 80}", "lift"))
    assert made.startswith("… ") and made.endswith("…") and len(made) <= WIDE + 2
    assert made[2:].split()[0] in {"Begin", "here."}
    made = bare(line("一" * 80 + "。" + "二" * 20 + "电梯" + "三" * 300, "电梯"))
    assert made.startswith("… 二") and len(made) <= WIDE + 2


def test_no_character_is_cut_in_half(app: Flask) -> None:
    for shift in range(4):
        made = bare(line("葛\U000e0100" * 200 + "x" * shift + "电梯" + "葛\U000e0100" * 200, "电梯"))
        assert not made.startswith("… \U000e0100") and made.removesuffix("…").endswith("\U000e0100")
    made = line("字" * 500 + "电梯" + "字" * 500, "电梯")
    assert "<mark>电梯</mark>" in made


def test_a_hit_that_is_longer_than_the_line_is_marked_as_far_as_it_goes(app: Flask) -> None:
    long = "电梯" * 100
    made = line("前" * (BEFORE + 10) + long + "后", long)
    assert "<mark>电梯" in made and len(bare(made)) <= WIDE + 2


def test_the_line_is_where_most_of_the_hits_are(app: Flask) -> None:
    made = line(f"A lift. {'Nothing at all. ' * 60} The lift and the stairs of the house.", "lift stairs")
    assert "<mark>lift</mark> and the <mark>stairs</mark>" in made


@pytest.mark.parametrize(
    ("text", "typed", "made"),
    [
        ("Café 微博", "cafe 微博", '<mark>Café</mark> <span lang="zh"><mark>微博</mark></span>'),
        ("Cafe\u0301!", "café", "<mark>Café</mark>!"),
        ("#这扇灰色的门#", "灰色", '<span class="hashtag" lang="zh">#这扇<mark>灰色</mark>的门#</span>'),
        ("a < b", "b", "a &lt; <mark>b</mark>"),
        ("人質", "人质", '<span lang="zh"><mark>人質</mark></span>'),
        ("scanner", "can", "scanner"),
    ],
)
def test_what_was_asked_for_is_marked(app: Flask, text: str, typed: str, made: str) -> None:
    assert marked(text, asked_for(typed)) == made
    assert bare(str(overlaid(text))) == text.replace("<", "&lt;")


# ---- Questions near to one that found nothing ----


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("Diplomasy", "diplomacy"),
        ("hostgae", "hostage"),
        ("diplomasy hostgae", "diplomacy hostage"),
        ("diplomasy by hostage", "diplomacy by hostage"),
        ("Kupiers", "kuipers"),
        ("hostage zzzzzz", "hostage"),
        ("meng lunch", "meng"),
        ("孟晚饭", "孟晚"),
        ("微博 电梯", "微博"),
    ],
)
def test_near_questions_are_offered(magazine: None, typed: str, offered: str) -> None:
    assert near_questions(typed, NOON)[:1] == [offered]


def test_only_what_finds_something_here_and_now_is_offered(magazine: None) -> None:
    make_article("x", title="Elevators", published_at=NOON + timedelta(days=1))
    assert near_questions("Elevatros", NOON) == []
    assert near_questions("Elevatros", NOON + timedelta(days=2)) == ["elevators"]


def test_nonsense_costs_little(magazine: None, asked: list[str]) -> None:
    for typed in ("qqqqq wwwww eeeee rrrrr", " ".join(f"{c * 7}" for c in "qwertyuiopas"), "龘" * 200):
        asked.clear()
        assert near_questions(typed, NOON) == []
        assert len(asked) <= 40, (typed, len(asked))


def test_a_slip_is_one_letter() -> None:
    assert {"cat", "coat", "cot", "oct", "ct"} - {"cot"} <= slips("cot") | {"cat"} and "cot" not in slips("cot")


# ---- An address that is not there ----


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/2019/03/12/meng-comes-home/", "meng comes home"),
        ("/articles/Meng_comes-home.html", "Meng comes home"),
        ("/meng-comes-home/feed", "meng comes home"),
        ("/tag/归舟", "归舟"),
        ("/category/2019/", ""),
        ("/%E5%BE%AE%E5%8D%9A", "微博"),
        ("/", ""),
        ("/wp-login.php", ""),
        ("/wp-admin/setup", ""),
        ("/.env", ""),
        ("/.git/config", ""),
        ("/media/abc.png", ""),
        ("/static/js/app.js", ""),
        ("/" + "a-" * 50, "a a a a a a a a"),
    ],
)
def test_the_words_of_an_address(path: str, words: str) -> None:
    assert lost_address.words_of(path) == words


def test_a_wrong_address_is_searched_for(magazine: None, client: FlaskClient) -> None:
    reply = client.get("/2019/03/meng-goes-home")
    assert reply.status_code == 404 and 'value="meng goes home"' in reply.text
    assert slugs(reply.text) == ["meng"] and "<mark>Meng</mark>" in reply.text
    assert slugs(client.get("/articles/diplomacy-by-hostages").text) == ["hostages"]
    assert slugs(client.get("/tag/归舟").text) == ["meng"]
    assert slugs(client.get("/meng-and-diplomacy").text) == ["hostages"], "no story has both: the word that says most"
    assert slugs(client.get("/no-such-page").text) == []
    assert 'role="search"' in client.get("/no-such-page").text
    assert 'id="results"' not in reply.text


def test_a_wrong_address_shows_no_text_and_no_draft(app: Flask, client: FlaskClient) -> None:
    make_article("Closed 电梯.", slug="a", title="Lifts", access=Access.PATRONS)
    make_article("x", slug="b", title="Lifts later", published_at=utcnow() + timedelta(days=1))
    page = client.get("/old/lifts").text
    assert slugs(page) == ["a"] and "Closed" not in page


def test_a_wrong_address_costs_little(magazine: None, client: FlaskClient, asked: list[str]) -> None:
    client.get("/")
    client.get("/warm")  # what every page shows is in memory now
    # Is there a page of that name, did it move; then the words, the stories (twice at most), their cards.
    costs = {"/wp-login.php": 2, "/zzzz-yyyy/xxxx": 2, "/2019/meng-comes-home": 4, "/x/meng-diplomacy-cafe": 5}
    for path, most in costs.items():
        asked.clear()
        assert client.get(path).status_code == 404
        assert len(asked) <= most, (path, asked)


def test_a_form_sent_to_a_wrong_address_is_not_searched_for(magazine: None, client: FlaskClient) -> None:
    reply = client.post("/2019/meng-comes-home")
    assert reply.status_code == 404 and slugs(reply.text) == []


def test_forbidden_pages_have_no_search_in_them(magazine: None, client: FlaskClient) -> None:
    reply = client.post("/account/login", headers={"Sec-Fetch-Site": "cross-site"})
    assert reply.status_code == 403 and 'role="search"' not in reply.text
