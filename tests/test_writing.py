"""What an editor writes, or an import brings, becomes clean HTML."""

import re

import html5lib
import pytest

from models.clean_html import clean
from models.writing import write

STORY = """First paragraph with 沙发.[^1]

Second one.

<!-- open until here -->

The secret part.[^2]

::: offer china-internet-report
:::

The end.

[^1]: Note one.
[^2]: Note two.
"""


def body(source: str, **options: bool) -> str:
    return write(source, **options).body  # type: ignore[arg-type]


def test_hanzi_and_hashtags_say_that_they_are_chinese() -> None:
    assert body("See 沙发 and #归舟# here.") == (
        '<p>See <span lang="zh">沙发</span> and <span class="hashtag" lang="zh">#归舟#</span> here.</p>'
    )


def test_a_line_of_hanzi_says_so_itself() -> None:
    assert body("那天下雨。") == '<p lang="zh">那天下雨。</p>'
    assert '<li lang="zh">沙发</li>' in body("- 沙发\n- sofa")
    assert '<td lang="zh">沙发</td>' in body("|a|\n|-|\n|沙发|")


def test_what_the_author_marked_is_left_alone() -> None:
    assert body("[網絡]{lang=zh-Hant} is it") == '<p><span lang="zh-Hant">網絡</span> is it</p>'
    assert body("`中文 it's`") == "<p><code>中文 it's</code></p>"


def test_bold_next_to_chinese_marks_is_bold() -> None:
    assert "<strong" in body("**中文。**后面")


def test_quotes_are_told_across_tags() -> None:
    assert body("He said '*yes*' to '**Bo**'s'") == ("<p>He said ‘<em>yes</em>’ to ‘<strong>Bo</strong>’s’</p>")


def test_old_and_new_words_are_marked_as_such() -> None:
    assert body("~~a field~~ ++an *engineer*++") == "<p><del>a field</del> <ins>an <em>engineer</em></ins></p>"
    assert body("C++ and C++") == "<p>C++ and C++</p>"


def test_a_pull_quote_has_hanzi_words_and_source() -> None:
    html = body("::: pull-quote\n那天下雨\n\n'It rained.'\n\n— Old Fang\n:::")
    assert html == (
        '<aside class="pull-quote"><p lang="zh" class="pull-quote__hanzi">那天下雨</p>'
        '<p class="pull-quote__words">‘It rained.’</p><p class="pull-quote__source">— Old Fang</p></aside>'
    )


def test_a_gloss_begins_with_its_term() -> None:
    assert body("::: gloss\n沙发\n\nShāfā.\n:::") == (
        '<aside class="gloss"><p lang="zh" class="gloss__term">沙发</p><p>Shāfā.</p></aside>'
    )


def test_a_picture_becomes_a_figure_with_its_size() -> None:
    written = write('![A door](media:grey-door "It\'s 门. Drawing: Upstairs")', sizes={"grey-door": (1200, 640)})
    assert written.body == (
        '<figure><img src="/media/grey-door" alt="A door" width="1200" height="640" loading="lazy" decoding="async">'
        '<figcaption>It’s <span lang="zh">门</span>. Drawing: Upstairs</figcaption></figure>'
    )


def test_headings_stay_below_the_title_of_the_page() -> None:
    assert body("# One\n\n## Two\n\n##### Five") == "<h2>One</h2>\n<h2>Two</h2>\n<h4>Five</h4>"


def test_each_table_can_be_reached_and_told_from_the_next() -> None:
    html = body("|a||\n|-|-|\n|b|c|\n\ntext\n\n|a|\n|-|\n|b|")
    assert '<div class="table" tabindex="0" role="region" aria-label="Table"><table>' in html
    assert 'aria-label="Table 2"' in html and "<th></th>" not in html


def test_the_divider_parts_what_everybody_may_read() -> None:
    written = write(STORY)
    assert "Second one." in written.teaser and "secret" not in written.teaser
    assert "open-until-here" not in written.body and "<!--" not in written.body


def test_footnotes_stand_apart_and_lead_back() -> None:
    written = write(STORY)
    assert '<a href="#fn1" id="fnref1">1</a>' in written.body and "Note one" not in written.body
    assert '<li id="fn1">' in written.references
    assert '<a href="#fnref1" aria-label="Back to reference 1 in the text">' in written.references


def test_a_teasers_footnote_mark_leads_nowhere() -> None:
    teaser = write(STORY).teaser
    assert '<sup class="footnote-ref">1</sup>' in teaser
    assert "href" not in teaser and "id=" not in teaser
    assert "id=" not in write('<p><a id="fn7">a</a></p><p>b</p><p>c</p>', html=True).teaser


def test_footnotes_of_two_texts_on_one_page_do_not_meet() -> None:
    one, two = (set(re.findall(r'id="(\w[^"]*)"', "".join(write("x[^1]\n\n[^1]: y", note_mark=mark).references)))
                for mark in ("a-", "b-"))  # fmt: skip
    assert one == {"fna-1"} and two == {"fnb-1"}


def test_an_offer_leaves_its_slot_and_is_no_part_of_the_teaser() -> None:
    written = write(STORY)
    assert '<div class="offer-slot" data-offer="china-internet-report"></div>' in written.body
    assert "offer" not in write("One.\n\n::: offer a-b\n:::\n\nTwo.\n\n<!--more-->\n\nThree.").teaser


@pytest.mark.parametrize("name", ["A B", "../x", 'x" onclick="y', "", "x--y"])
def test_an_offer_must_be_named_properly(name: str) -> None:
    assert "data-offer" not in body(f"::: offer {name}\n:::\n\ntext")


def test_an_offer_whose_end_was_forgotten_swallows_nothing() -> None:
    html = body("::: offer a-b\n\nThe rest of the story.")
    assert "data-offer" in html and "The rest of the story." in html


def test_an_offer_inside_a_quotation_is_dropped() -> None:
    assert body("> ::: offer a-b\n> :::\n> text") == "<blockquote><p>text</p></blockquote>"


@pytest.mark.parametrize(
    ("source", "teaser"),
    [
        pytest.param("One.\n\nTwo.\n\nThree.", "<p>One.</p>\n<p>Two.</p>", id="the first two paragraphs"),
        pytest.param("One.\n\nTwo.", "", id="a short text is not given away"),
        pytest.param("", "", id="nothing"),
        pytest.param("One.\n\n- <!-- open until here -->\n\nTwo.", "<p>One.</p>", id="a divider inside a block"),
        pytest.param("<!-- open until here -->\n\nOne.\n\nTwo.\n\nThree.", "", id="a divider on top"),
        pytest.param("One.\n\n<!--more-->\n\nTwo.\n\n<!--more-->\n\nThree.", "<p>One.</p>", id="the first counts"),
    ],
)  # fmt: skip
def test_the_teaser(source: str, teaser: str) -> None:
    assert write(source).teaser == teaser


def test_wordpress_text_gets_its_paragraphs() -> None:
    source = "First 'line'\nsecond<br/>\nthird\r\n\r\n<!--more Read on-->Second <em>x</em>\n<h1>H</h1>loose"
    assert body(source, html=True) == (
        "<p>First ‘line’<br>second<br>third</p>\n<p>Second <em>x</em></p>\n<h2>H</h2>\n<p>loose</p>"
    )
    assert write(source, html=True).teaser == "<p>First ‘line’<br>second<br>third</p>"


def test_boxes_are_opened_and_their_lines_stay_apart() -> None:
    html = body('<div class="wrap"><div>One</div><section>Two <p>three</p></section>four</div>', html=True)
    assert html == "<p>One</p>\n<p>Two</p>\n<p>three</p>\n<p>four</p>"


def test_an_imported_pictures_title_is_no_caption() -> None:
    html = body('<img src="https://x.example/a.jpg" title="IMG_2034" alt="A cat">', html=True)
    assert html == '<figure><img src="https://x.example/a.jpg" alt="A cat" loading="lazy" decoding="async"></figure>'


BAD = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<a href='javascript:alert(1)'>x</a>",
    "<a href='data:text/html,x'>x</a>", "<iframe src='https://x.example'></iframe>", "<svg onload=alert(1)>",
    "<p style='position:fixed' onclick='x'>y</p>", "<form action='https://x.example'><input name=a></form>",
    "<!-- -- ><img src=x onerror=alert(1)> -->", "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>", "<a href=' java\nscript:alert(1)'>x</a>",
    "<p id='main' class='site-header'>x</p>", "<base href='https://x.example'>", "<a id='main' href='ftp://x'>x</a>",
    "<meta http-equiv=refresh content=0>",
    "<object data=x></object>", "<img src='data:image/svg+xml,<svg onload=alert(1)>'>", "<textarea></p></textarea>",
    "[x](javascript:alert(1))", "![x](javascript:alert(1))", '![x](media:"onerror=alert(1))',
    '[x]{onclick="alert(1)" style="color:red" lang="\\"><script>"}', "<p lang='\"><script>'>x</p>",
]  # fmt: skip
ALLOWED_CLASS = {"", "hashtag", "table", "footnote-ref", "gloss", "gloss__term", "pull-quote", "offer-slot"}


@pytest.mark.parametrize("html", [False, True])
@pytest.mark.parametrize("bad", BAD)
def test_nothing_that_acts_comes_through(bad: str, html: bool) -> None:
    written = write(f"before {bad} after\n\n{bad}\n\nend", html=html)
    page = html5lib.parse(written.body + written.teaser + written.references, namespaceHTMLElements=False)
    for element in page.iter():
        assert element.tag not in {
            "script",
            "style",
            "iframe",
            "svg",
            "math",
            "form",
            "input",
            "object",
            "base",
            "meta",
        }
        for name, value in element.attrib.items():
            assert not name.startswith("on") and name != "style"
            assert name not in {"href", "src"} or re.match(r"https?://|mailto:|[^:]*$", value), value
            assert name != "id" or value.startswith("fn")
            assert name != "class" or value in ALLOWED_CLASS


@pytest.mark.parametrize("source", [STORY, *BAD])
def test_what_was_written_is_clean_by_the_cleaners_own_measure(source: str) -> None:
    """Cleaning once more finds nothing but what is put on afterwards."""
    html = re.sub(r' (loading|decoding|class|role|tabindex|aria-label)="[^"]*"', "", write(source).body)
    assert re.sub(r' (class)="[^"]*"', "", clean(html)) == html


@pytest.mark.parametrize("html", [False, True])
@pytest.mark.parametrize(
    "source",
    [
        "", " ", "\0", "\ud800 a", "<", "&#xD800;", "<div>" * 2000 + "x", ">" * 2000 + " x", "<b>" * 3000 + "x",
        "".join("  " * i + "- x\n" for i in range(150)), "[" * 3000, "*a " * 3000, "::: gloss\n" * 500,
        "<table>" * 500, "</p>" * 5000, "|" * 5000, "`" * 5000, "x" * 200_000, "# " + "x" * 20_000,
        "<p>" + "".join(f"<b title={i}>" for i in range(3000)) + "</p>" + "<p>x" * 3000,
        "".join(chr(i) for i in range(0x3000)),
    ],
    ids=lambda source: repr(source[:12]),
)  # fmt: skip
def test_no_text_is_too_strange(source: str, html: bool) -> None:
    write(source, html=html)


@pytest.mark.parametrize("html", [False, True])
def test_words_nested_thousands_deep_are_kept(html: bool) -> None:
    assert "the words" in write("<div>" * 20_000 + "the words", html=html).body
    assert "the words" in write("<div>" * 2_000 + "the words", html=html).body


def test_tags_left_open_by_the_thousand_are_shown_as_text() -> None:
    """By the rules of HTML each of them would be opened again in every paragraph."""
    opened = "".join(f"<b title={number}>" for number in range(1000))
    html = body(f"<p>{opened}</p>" + "<p>words</p>" * 1000, html=True)
    assert html.count("<b>") == 0 and html.count("words") == 1000


def test_a_book_is_written() -> None:
    """A quarter of a megabyte of prose with hanzi, quotes and hashtags; then the same in one paragraph."""
    line = "The 'quick' brown fox 沙发 jumps over the #骑手说# lazy dog. "
    for source in ((line * 10 + "\n\n") * 400, line * 4_000):
        assert write(source).minutes > 100
