"""What pages say of themselves to search engines and networks: canonical address, card, JSON-LD, sound and closed."""

import json
import re
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models import LiveEntry, Picture, Tag, begin_write, db
from models.article import Kind, Status
from models.html_tree import parse
from models.metering import Access
from tests.makers import (
    NOON,
    keep,
    make_account,
    make_article,
    make_author,
    make_category,
    make_editor,
    make_patron,
    sign_in,
)

SITE = "http://127.0.0.1:5000"
HOSTILE = "</script><script>alert(1)</script> <!-- \u2028 & \"quoted\" 'x' 孟晚舟"
CANARY = "kanarienvogel"
GATED = f"The open words.\n\n<!-- open until here -->\n\nThe {CANARY} sings.[^1]\n\n[^1]: The {CANARY} book."
DATA = re.compile(r'<script type="application/ld\+json">(.*?)</script>', re.DOTALL)


def read(client: FlaskClient, address: str) -> str:
    reply = client.get(address)
    assert reply.status_code == 200, (address, reply.status_code)
    return reply.text


def graph(page: str) -> dict[str, dict]:
    """The page's JSON-LD by type; no more than one block and one of each type."""
    blocks = DATA.findall(page)
    assert len(blocks) == 1
    data = json.loads(blocks[0])
    assert data["@context"] == "https://schema.org"
    found = {each["@type"]: each for each in data["@graph"]}
    assert len(found) == len(data["@graph"])
    return found


def meta(page: str) -> dict[str, str]:
    """The properties of the card and the named metas; each once, but for tags."""
    found: dict[str, str] = {}
    for element in parse(page).elements():
        name = element.attributes.get("property") or element.attributes.get("name", "")
        if element.tag == "meta" and name:
            assert name not in found or name == "article:tag", name
            found[name] = element.attributes["content"]
    return found


def canonical(page: str) -> list[str]:
    return re.findall(r'<link rel="canonical" href="([^"]*)">', page)


def news(client: FlaskClient, slug: str) -> dict:
    return graph(read(client, f"/articles/{slug}"))["NewsArticle"]


@pytest.fixture
def story(app: Flask) -> str:
    """A free story with all that can be said of one."""
    picture = keep(
        Picture(
            key="moon",
            content_type="image/webp",
            width=1600,
            height=900,
            credit="The library",
            licence="https://creativecommons.org/licenses/by/4.0/",
            source_url="https://source.example/moon",
        )
    )
    make_article(
        "Words.[^1] More.[^2]\n\n[^1]: [A report](https://report.example/1), read in May.\n\n[^2]: A book.",
        slug="归舟",
        title="The lift",
        category=make_category(slug="society", name="Society"),
        authors=[make_author(slug="marit", name="Marit"), make_author(slug="bo", name="Bo 博")],
        tags=[keep(Tag(slug="weibo", name="#微博#"))],
        picture=picture,
        picture_caption="A moon",
        picture_credit="Photograph: us",
        published_at=NOON,
        updated_at=NOON + timedelta(days=1),
    )
    return "归舟"


def test_a_story_in_json_ld(client: FlaskClient, story: str) -> None:
    """What schema.org and Google's pages on articles, pictures and breadcrumbs ask for."""
    page = read(client, f"/articles/{story}")
    address = f"{SITE}/articles/%E5%BD%92%E8%88%9F"
    said = graph(page)["NewsArticle"]
    assert (said["headline"], said["description"]) == ("The lift", "What it is about.")
    assert said["url"] == said["mainEntityOfPage"] == address and canonical(page) == [address]
    assert (said["datePublished"], said["dateModified"]) == ("2026-11-20T12:00:00Z", "2026-11-21T12:00:00Z")
    assert said["author"] == [
        {"@type": "Person", "name": "Marit", "url": f"{SITE}/author/marit"},
        {"@type": "Person", "name": "Bo 博", "url": f"{SITE}/author/bo"},
    ]
    publisher = said["publisher"]
    assert (publisher["@type"], publisher["name"]) == ("NewsMediaOrganization", "Upstairs")
    with client.get(publisher["logo"]["url"].removeprefix(SITE)) as logo:
        assert logo.mimetype == "image/png"
    assert (said["articleSection"], said["keywords"], said["inLanguage"]) == ("Society", ["#微博#"], "en-GB")
    assert said["isAccessibleForFree"] is True and "hasPart" not in said
    assert said["citation"] == [
        {"@type": "CreativeWork", "name": "A report, read in May.", "url": "https://report.example/1"},
        {"@type": "CreativeWork", "name": "A book."},
    ]
    for author in said["author"]:
        read(client, author["url"].removeprefix(SITE))


def test_a_picture_says_who_made_it(client: FlaskClient, story: str) -> None:
    picture, shared = news(client, story)["image"]
    assert picture == {
        "@type": "ImageObject",
        "url": f"{SITE}/media/moon",
        "contentUrl": f"{SITE}/media/moon",
        "width": 1600,
        "height": 900,
        "caption": "A moon",
        "creditText": "Photograph: us",
        "license": "https://creativecommons.org/licenses/by/4.0/",
        "acquireLicensePage": "https://source.example/moon",
    }
    assert (shared["width"], shared["height"]) == (1200, 630)
    begin_write()
    picture = db.session.scalars(db.select(Picture)).one()
    picture.licence = "© The library"
    db.session.commit()
    told = news(client, story)["image"][0]
    assert told["copyrightNotice"] == "© The library" and "license" not in told


def test_breadcrumbs_lead_here_from_the_front_page(client: FlaskClient, story: str) -> None:
    way = graph(read(client, f"/articles/{story}"))["BreadcrumbList"]["itemListElement"]
    assert [(step["position"], step["name"]) for step in way] == [(1, "Upstairs"), (2, "Society"), (3, "The lift")]
    for step in way:
        read(client, step["item"].removeprefix(SITE))


def test_a_card_for_networks(client: FlaskClient, story: str) -> None:
    card = meta(read(client, f"/articles/{story}"))
    assert card["og:type"] == "article" and card["og:title"] == "The lift"
    assert card["og:site_name"] == "Upstairs" and card["og:locale"] == "en_GB"
    assert card["og:url"] == f"{SITE}/articles/%E5%BD%92%E8%88%9F"
    assert card["og:description"] == card["description"] == "What it is about."
    assert datetime.fromisoformat(card["article:published_time"]) == NOON
    assert datetime.fromisoformat(card["article:modified_time"]) == NOON + timedelta(days=1)
    assert (card["article:section"], card["article:tag"]) == ("Society", "#微博#")
    assert card["twitter:card"] == "summary_large_image"
    assert (card["og:image:width"], card["og:image:height"]) == ("1200", "630")
    with client.get(card["og:image"].removeprefix(SITE)) as image:
        assert image.mimetype == "image/png" and image.data.startswith(b"\x89PNG")
        assert image.headers["Cross-Origin-Resource-Policy"] == "cross-origin"


@pytest.mark.parametrize("access", list(Access))
@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("who", ["visitor", "reader", "patron", "editor"])
def test_a_gated_text_is_named_where_it_is_and_nowhere_else(
    client: FlaskClient, access: Access, kind: Kind, who: str
) -> None:
    """`hasPart` takes one class (Google: Paywalled content), which must be in the page; a closed page has no part."""
    story = make_article(GATED, slug="gated", standfirst="", access=access, kind=kind)
    entry = LiveEntry(article_id=story.id, at=NOON)
    entry.write(f"The {CANARY} speaks.")
    keep(entry)
    makers = {"reader": make_account, "patron": make_patron, "editor": make_editor}
    if who in makers:
        sign_in(client, makers[who]())
    page = read(client, "/articles/gated")
    said = next(each for name, each in graph(page).items() if name != "BreadcrumbList")
    assert said["isAccessibleForFree"] is (access is Access.FREE)
    if access is Access.FREE or CANARY not in page:
        assert "hasPart" not in said
    else:
        part = said["hasPart"]
        assert (part["@type"], part["isAccessibleForFree"]) == ("WebPageElement", False)
        assert re.fullmatch(r"\.[a-z_-]+", part["cssSelector"])
        named = [one for one in parse(page).elements() if one.has_class(part["cssSelector"][1:])]
        assert len(named) == 1 and CANARY in named[0].text()
    if CANARY not in page:
        assert "citation" not in said and "liveBlogUpdate" not in said
        assert said["description"].startswith("The open words")
    if who == "visitor" and access is Access.PATRONS:
        assert CANARY not in page


def test_a_liveblog_says_when_it_ended_only_once_it_has(client: FlaskClient) -> None:
    story = make_article("", slug="live", kind=Kind.LIVEBLOG, opened_at=NOON, published_at=NOON)
    for minutes in range(30):
        entry = LiveEntry(article_id=story.id, at=NOON + timedelta(minutes=minutes), headline=f"Point {minutes}")
        entry.write(f"Entry *{minutes}*.")
        keep(entry)
    said = graph(read(client, "/articles/live"))["LiveBlogPosting"]
    assert said["coverageStartTime"] == "2026-11-20T12:00:00Z" and "coverageEndTime" not in said
    assert said["dateModified"] == "2026-11-20T12:29:00Z"
    updates = said["liveBlogUpdate"]
    assert [update["headline"] for update in updates] == [f"Point {number}" for number in range(29, 4, -1)]
    first = updates[0]
    assert (first["@type"], first["datePublished"]) == ("BlogPosting", "2026-11-20T12:29:00Z")
    assert first["articleBody"] == "Entry 29."
    anchor = first["url"].removeprefix(f"{SITE}/articles/live#")
    assert f'id="{anchor}"' in read(client, "/articles/live")
    begin_write()
    story.close(NOON + timedelta(hours=2))
    db.session.commit()
    said = graph(read(client, "/articles/live"))["LiveBlogPosting"]
    assert said["coverageEndTime"] == "2026-11-20T14:00:00Z"
    begin_write()
    story.reopen()
    db.session.commit()
    assert "coverageEndTime" not in graph(read(client, "/articles/live"))["LiveBlogPosting"]


def test_whatever_is_typed_nothing_ends_the_script_or_an_attribute(client: FlaskClient) -> None:
    category = make_category(slug="society", name=HOSTILE, description=HOSTILE)
    tag, author = (
        keep(Tag(slug="tag", name=HOSTILE, meaning=HOSTILE)),
        make_author(slug="by", name=HOSTILE, bio=HOSTILE),
    )
    make_article(
        HOSTILE, slug="odd", title=HOSTILE, standfirst=HOSTILE, category=category, tags=[tag], authors=[author]
    )
    make_article("", slug="empty", title="", standfirst="")
    for address in ("/articles/odd", "/category/society", "/tag/tag", "/author/by"):
        page = read(client, address)
        graph(page)
        assert "<script>alert" not in page and "\"quoted\" 'x'" not in page.partition("<body")[0]
    page = read(client, "/articles/odd")
    assert graph(page)["NewsArticle"]["headline"] == HOSTILE == meta(page)["og:title"]
    assert news(client, "empty")["headline"] == "Without a title"


def test_long_words_are_cut_as_search_engines_ask(client: FlaskClient) -> None:
    make_article("Word " * 200, slug="long", title="Title " * 40, standfirst="")
    page = read(client, "/articles/long")
    assert len(graph(page)["NewsArticle"]["headline"]) <= 110 and len(meta(page)["description"]) <= 200


def test_each_page_has_one_address_whatever_is_hung_on_it(client: FlaskClient, story: str) -> None:
    path = f"/articles/{story}"
    for address in (path, f"{path}?utm_source=x", f"{path}?order=oldest"):
        assert canonical(read(client, address)) == [f"{SITE}/articles/%E5%BD%92%E8%88%9F"]
    for address in ("/", "/popular", "/archive", "/archive/2026/11", "/category/society", "/tag/weibo", "/author/bo"):
        page = read(client, address)
        assert canonical(page) == [SITE + address] == [meta(page)["og:url"]]
        assert "robots" not in meta(page)
        graph(page)


def test_what_is_not_out_asks_not_to_be_found(client: FlaskClient) -> None:
    make_article(slug="draft", status=Status.DRAFT)
    sign_in(client, make_editor())
    page = read(client, "/articles/draft")
    assert meta(page)["robots"] == "noindex, follow"
    assert not canonical(page) and not DATA.findall(page) and "og:url" not in meta(page)


def test_the_front_page_says_whose_it_is_and_where_to_search(client: FlaskClient, story: str) -> None:
    found = graph(read(client, "/"))
    site, ours = found["WebSite"], found["NewsMediaOrganization"]
    assert site["publisher"]["@id"] == ours["@id"] and site["url"] == f"{SITE}/"
    target = site["potentialAction"]["target"]["urlTemplate"]
    assert target == f"{SITE}/search?q={{search_term_string}}"
