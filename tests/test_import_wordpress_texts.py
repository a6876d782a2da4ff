"""Shortcodes and blocks of WordPress become plain, clean text; what is lost is named in the report."""

import json
import re
from pathlib import Path

import pytest
from flask import Flask

from models import Article, Page
from tests.wxr_tools import UPLOADS, attachment, author, export, item, run

MEDIA = attachment(50, "2021/03/boat.jpg", excerpt="A boat & a river", title="Boat") + attachment(
    51, "2021/03/song.mp3", title="A song", post_parent=1
)
BOAT = f'<figure><a href="{UPLOADS}/2021/03/boat.jpg">Picture: boat.jpg</a><figcaption>'
YOUTUBE = "https://www.youtube.com/watch?v=abcdefghijk"
CARD = f'<figure><a href="{YOUTUBE}">Video on YouTube: youtube.com/watch?v=abcdefghijk</a></figure>'


@pytest.fixture
def database_url() -> str:
    """What a text becomes does not hang on the database."""
    return ""


def imported(app: Flask, folder: Path, body: str, *more: str, **given: object) -> tuple[Article, str]:
    said = run(app, export(folder, item(1, body, **given), MEDIA, *more))
    found = Article.by_slug("story-1")
    assert found
    return found, said


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ('[gallery ids="50" columns="2"]', BOAT + "A boat &amp; a river</figcaption></figure>"),
        ("[gallery ids=”50”]", BOAT),
        ('[caption id="attachment_50"]<img src="/x-10x10.jpg"> <em>Said</em>[/caption]', "<em>Said</em>"),
        ('[caption caption="Long ago"]<img src="/x.jpg" alt="x">[/caption]', "<figcaption>Long ago</figcaption>"),
        (f"[embed width=300]{YOUTUBE}[/embed]", CARD),
        (f"[youtube {YOUTUBE}&amp;w=300]", "Video on YouTube"),
        ("[youtube abcdefghijk]", CARD),
        ("[vimeo 123456]", "Video on Vimeo: vimeo.com/123456"),
        (f"\n{YOUTUBE}\n", CARD),
        ('<iframe src="https://www.youtube.com/embed/abcdefghijk?rel=0"></iframe>', CARD),
        ('[audio mp3="https://old.example/a.mp3"][/audio]', '<a href="https://old.example/a.mp3">Recording: a.mp3</a>'),
        ('[video src="https://old.example/a.mp4"]', '<a href="https://old.example/a.mp4">Video: a.mp4</a>'),
        ('[playlist ids="51"]', "Recording: A song</a>"),
        ('[quote author="Li & Co"]Said.[/quote]', "<blockquote><p>Said.<cite>Li &amp; Co</cite></p>"),
        ('[pullquote]Loud.[/pullquote]', '<aside class="pull-quote"><p class="pull-quote__words">Loud.</p></aside>'),
        ('[code lang="c"]if (a[0] < b) { [x y="1"] }[/code]', '<pre><code>if (a[0] &lt; b) { [x y="1"] }</code></pre>'),
        ('[su_box title="a"]In [b]bold[/b] words[/su_box]', "In bold words"),
        ("[vc_row][vc_column]Deep[/vc_column][/vc_row]", "<p>Deep</p>"),
        ("[wpforms id=“5”]After", "<p>After</p>"),
        ("<pre>a[i] [box x=1]</pre>", "<pre>a[i] [box x=1]</pre>"),
        ("He said “[sic]” and [they] left [1] [2]", "“[sic]” and [they] left [1] [2]"),
        ("[[gallery]]", "[gallery]"),
    ],
)  # fmt: skip
def test_shortcodes(app: Flask, tmp_path: Path, source: str, shown: str) -> None:
    article, _ = imported(app, tmp_path, f"Before.\n\n{source}\n\nLast.")
    text = re.sub(r"(?<=>)\s+(?=<)", "", article.body_html)
    assert shown in text, text
    if "<pre>" not in text and "sic" not in text and "[[" not in source:
        assert not re.search(r"\[/?\w", text), text
    assert "Before." in text and "Last." in text


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ('<!-- wp:image {"id":50} --><figure class="wp-block-image"><img src="/x.jpg" class="wp-image-50"/>'
         "<figcaption>Said</figcaption></figure><!-- /wp:image -->", "<figcaption>Said</figcaption></figure>"),
        ('<!-- wp:gallery --><figure class="wp-block-gallery"><!-- wp:image --><figure class="wp-block-image">'
         '<img class="wp-image-50" src="/a.jpg"></figure><!-- /wp:image --><figcaption>All</figcaption></figure>',
         "</a></figure><p>All</p>"),
        ('<ul class="wp-block-gallery"><li class="blocks-gallery-item"><figure><img src="/a.jpg"><figcaption>One'
         "</figcaption></figure></li></ul>", "<figcaption>One</figcaption></figure><p>Last.</p>"),
        ('<!-- wp:quote --><blockquote class="wp-block-quote"><p>Said.</p><cite>Li</cite></blockquote>',
         "<blockquote><p>Said.</p><p><cite>Li</cite></p></blockquote>"),
        ('<figure class="wp-block-pullquote"><blockquote><p>Loud.</p><cite>Li</cite></blockquote></figure>',
         '<p class="pull-quote__words">Loud.</p><p class="pull-quote__source">— Li</p></aside>'),
        ('<figure class="wp-block-table"><table><thead><tr><th>A</th></tr></thead><tbody><tr><td>1</td></tr></tbody>'
         "</table><figcaption>Rows</figcaption></figure>", "</table></div><figcaption>Rows</figcaption></figure>"),
        (f'<!-- wp:embed {{"url":"{YOUTUBE}"}} --><figure class="wp-block-embed is-type-video"><div '
         f'class="wp-block-embed__wrapper">\n{YOUTUBE}\n</div><figcaption>A film</figcaption></figure>',
         CARD.removesuffix("</figure>") + "<figcaption>A film</figcaption></figure>"),
        ('<!-- wp:list --><ul><!-- wp:list-item --><li>One</li><!-- /wp:list-item --></ul>', "<ul><li>One</li></ul>"),
        ('<!-- wp:heading {"level":1} --><h1 class="wp-block-heading" id="a">Head</h1>', "<h2>Head</h2>"),
        ('<!-- wp:separator --><hr class="wp-block-separator"/><!-- /wp:separator -->', "<hr>"),
        ('<!-- wp:code --><pre class="wp-block-code"><code>a &lt; [b c=1]</code></pre>', "&lt; [b c=1]</code></pre>"),
        ('<!-- wp:block {"ref":90} /-->', "<p>Shared words.</p>"),
        ('<div class="wp-block-file"><a href="https://x.example/a.pdf">Paper</a><a class="wp-block-file__button" '
         'href="https://x.example/a.pdf">Download</a></div>', '<p><a href="https://x.example/a.pdf">Paper</a></p>'),
    ],
)  # fmt: skip
def test_blocks(app: Flask, tmp_path: Path, source: str, shown: str) -> None:
    shared = item(90, "<!-- wp:paragraph --><p>Shared words.</p><!-- /wp:paragraph -->", kind="wp_block")
    article, _ = imported(app, tmp_path, f"<p>Before.</p>\n\n{source}\n\n<p>Last.</p>", shared)
    text = re.sub(r"(?<=>)\s+(?=<)", "", article.body_html)
    assert shown in text, text
    assert "wp:" not in text and "wp-block" not in text and "Last." in text


def test_a_standfirst_has_no_shortcodes(app: Flask, tmp_path: Path) -> None:
    article, _ = imported(app, tmp_path, "Text.", excerpt='Short & [su_box a="b"]<b>sweet</b>[/su_box].')
    assert article.standfirst == "Short & sweet."


def test_the_divider_parts_the_open_words(app: Flask, tmp_path: Path) -> None:
    body = "<p>Open.</p><!-- wp:more --><!--more Read on--><!-- /wp:more --><p>One.</p><p>Two.</p>"
    article, _ = imported(app, tmp_path, body)
    assert article.teaser_html == "<p>Open.</p>" and "Two." in article.body_html


NOTES = [{"id": "aa-1", "content": "The <em>first</em> 注."}, {"id": "bb-2", "content": "Never spoken of."}]
NOTED = """<p>Said<sup data-fn="cc-3" class="fn"><a href="#cc-3" id="cc-3-link">1</a></sup> and
said<sup data-fn="aa-1" class="fn"><a href="#aa-1" id="aa-1-link">2</a></sup> twice<sup data-fn="aa-1">2</sup>.</p>
<!-- wp:footnotes /--><p>More [footnote]From a <a href="https://x.example">shortcode</a>.[/footnote] words.</p>"""


def test_footnotes(app: Flask, tmp_path: Path) -> None:
    article, _ = imported(app, tmp_path, NOTED, meta={"footnotes": json.dumps(NOTES)})
    text, notes = article.body_html, article.references_html
    assert text.count('class="footnote-ref"') == 3 and "The <em>first</em>" not in text
    assert '<a href="#fn1" id="fnref1">1</a>' in text and '<a href="#fn1" id="fnref1:1">1</a>' in text
    assert '<a href="#fn2" id="fnref2">2</a>' in text
    assert re.search(r'<li id="fn1">\s*<p>The <em>first</em> <span lang="zh">注</span>', notes)
    assert '<li id="fn3">' in notes and "Never spoken of." in notes and "shortcode</a>" in notes
    assert 'href="#fnref1:1"' in notes


@pytest.mark.parametrize("given", ["", "not json", '{"a": 1}', "[[1]]", '[{"id": 5, "content": null}]'])
def test_odd_footnotes_do_no_harm(app: Flask, tmp_path: Path, given: str) -> None:
    article, _ = imported(app, tmp_path, NOTED, meta={"footnotes": given})
    assert "Said" in article.body_html and "More" in article.body_html


def test_the_report_names_what_is_lost(app: Flask, tmp_path: Path) -> None:
    body = '[su_box a="b"]One[/su_box] [su_box a="c"/] [latest_news] <!-- wp:latest-posts {"postsToShow":3} /-->'
    _, said = imported(app, tmp_path, body)
    assert "“[su_box]”: a shortcode that is not known here, 2 times." in said
    assert "“[latest_news]”: a shortcode that is not known here, once." in said
    assert "“latest-posts”: a block that WordPress fills in itself, once." in said
    assert re.search(r"\b3  shortcodes taken out", said)


COAUTHORED = [
    ("author", "cap-bo-lin", "bo-lin"),
    ("author", "cap-mei", "mei"),
    ("author", "cap-jan", "jan@old.example"),
]


def test_co_authors_and_guests_share_the_byline(app: Flask, tmp_path: Path) -> None:
    guest = item(
        80,
        kind="guest-author",
        slug="cap-bo-lin",
        title="Bo Lin 林",
        meta={"cap-user_login": "bo-lin", "cap-display_name": "Bo Lin 林", "cap-description": "Writes from Chengdu."},
    )
    article, _ = imported(app, tmp_path, "Text.", author("jan@old.example", "Jan Bakker", 9), guest, terms=COAUTHORED)
    assert [(a.name, a.slug) for a in article.authors] == [
        ("Bo Lin 林", "bo-lin"), ("Mei 梅", "mei"), ("Jan Bakker", "jan-bakker")
    ]  # fmt: skip
    assert article.authors[0].bio == "Writes from Chengdu."
    assert [tag.name for tag in article.tags] == []


def test_a_guest_who_is_a_user_is_one_author(app: Flask, tmp_path: Path) -> None:
    guest = item(80, kind="guest-author", slug="cap-m-mei", title="Mei", meta={"cap-linked_account": "mei"})
    article, said = imported(app, tmp_path, "Text.", guest, terms=[("author", "cap-m-mei", "m-mei")])
    assert [a.slug for a in article.authors] == ["mei"] and re.search(r"\b1  authors", said)


def test_a_page_keeps_its_text_too(app: Flask, tmp_path: Path) -> None:
    run(app, export(tmp_path, item(1, "[su_box a=b]About.[/su_box]", kind="page", slug="about")))
    page = Page.by_slug("about")
    assert page and page.body_html == "<p>About.</p>"


@pytest.mark.parametrize(
    "piece", ["<pre>", "<!--", "[caption]", "[[", "[a b=", "<b>", '<sup data-fn="a">', "[/caption]"]
)
def test_thousands_of_anything_do_no_harm(app: Flask, tmp_path: Path, piece: str) -> None:
    article, _ = imported(app, tmp_path, piece * 5_000 + " Last.")
    assert article.slug
