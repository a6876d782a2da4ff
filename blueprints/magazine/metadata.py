"""What a page says of itself to search engines and to those who share it: canonical address, card, JSON-LD.

Pure: everything comes from the rows and from what `present` gave this reader, so a closed text cannot get in here.
The JSON-LD is what schema.org and Google (Search Central: Article, Paywalled content, Livestream) ask for.
"""

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from models import Page
from models.article import Kind
from models.html_tree import Element, parse
from models.picture import Plate
from models.plain import cut, plain
from models.presenting import Entry, Presented
from models.story import Story

DESCRIPTION = 200  # characters
HEADLINE = 110  # Google's most
ENTRIES, ENTRY_WORDS = 25, 300  # of a liveblog: the newest, and how much of each
CITATIONS, CITATION = 40, 200
SHARE_SIZE = (1200, 630)  # pixels of the image made for sharing
ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
UNSAFE = "<>&\u2028\u2029"  # what could end a script element

Data = dict[str, Any]


_quoted = lru_cache(maxsize=1000)(quote)  # a page names the same few addresses again and again


@dataclass(frozen=True, slots=True)
class House:
    """The magazine, as every page names it."""

    name: str
    url: str  # without a slash at the end
    language: str = "en-GB"

    def at(self, path: str) -> str:
        return self.url + _quoted(path)


@dataclass(frozen=True, slots=True)
class Image:
    url: str
    width: int
    height: int
    alt: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """What stands in a page's head; `canonical` is "" where a page should not be found again."""

    title: str
    description: str = ""
    canonical: str = ""
    kind: str = "website"  # Open Graph's type
    is_found: bool = True  # whether search engines may list it
    image: Image | None = None
    published: datetime | None = None
    modified: datetime | None = None
    section: str = ""
    tags: list[str] = field(default_factory=list)
    feeds: str = ""  # the path before /feed.xml of the page's own feeds
    data: list[Data] = field(default_factory=list)

    @property
    def json_ld(self) -> Markup:
        """One block for all, safe inside a script element."""
        graph = {"@context": "https://schema.org", "@graph": self.data}
        text = ENCODER.encode(graph)
        for letter in UNSAFE:
            text = text.replace(letter, f"\\u{ord(letter):04x}")
        return Markup(text)  # noqa: S704 - nothing in it can end the element


def hidden(head: Head) -> Head:
    """The same page, not to be found: a draft, or one of many pages of a list, whose stories move on."""
    return replace(head, is_found=False, canonical="", data=[])


def of_front(house: House, motto: str, publisher: str, email: str) -> Head:
    """`publisher`: the legal person; `email`: where readers write to."""
    search = {
        "@type": "SearchAction",
        "target": {"@type": "EntryPoint", "urlTemplate": f"{house.url}/search?q={{search_term_string}}"},
        "query-input": "required name=search_term_string",
    }
    site = {
        "@type": "WebSite",
        "name": house.name,
        "url": house.at("/"),
        "description": motto,
        "inLanguage": house.language,
        "publisher": {"@id": house.at("/") + "#publisher"},
        "potentialAction": search,
    }
    return Head(
        title=house.name,
        description=motto or f"The newest stories of {house.name}.",
        canonical=house.at("/"),
        image=logo(house),
        data=[stated(site), organization(house) | stated({"legalName": publisher, "email": email})],
    )


def of_list(house: House, path: str, title: str, words: str = "", *, feeds: bool = False) -> Head:
    """A category's, tag's or author's page, or any other list of stories. `feeds`: whether it has its own."""
    return Head(
        title=title,
        description=cut(words, DESCRIPTION),
        canonical=house.at(path),
        image=logo(house),
        feeds=quote(path) if feeds else "",
        data=[breadcrumbs(house, (title, path))],
    )


def of_page(house: House, page: Page) -> Head:
    """A standing page."""
    title, path = page.title or page.slug, f"/{page.slug}"
    return Head(
        title=title,
        description=cut(page.standfirst.strip() or plain(page.body_html), DESCRIPTION),
        canonical=house.at(path),
        image=logo(house),
        modified=page.updated_at,
        data=[breadcrumbs(house, (title, path))],
    )


def of_story(house: House, story: Story, shown: Presented, share_image: str) -> Head:
    """An article's or a liveblog's page. `share_image`: the path of the image made for sharing."""
    title = story.title.strip() or "Without a title"
    path = f"/articles/{story.slug}"
    category = [(story.category.name, f"/category/{story.category.slug}")] if story.category else []
    head = Head(
        title=title,
        description=cut(story.standfirst.strip() or plain(shown.html), DESCRIPTION),
        canonical=house.at(path),
        kind="article",
        image=Image(house.url + share_image, *SHARE_SIZE, title),
        published=story.published_at,
        modified=modified(story, shown),
        section=story.category.name if story.category else "",
        tags=[tag.name for tag in story.tags],
    )
    return replace(head, data=[news(house, head, story, shown), breadcrumbs(house, *category, (title, path))])


def modified(story: Story, shown: Presented) -> datetime | None:
    """When readers last got something new: a liveblog's newest entry or correction counts."""
    told = [entry.corrected_at or entry.at for entry in shown.entries]
    return max(filter(None, (story.published_at, story.updated_at, *told)), default=None)


def news(house: House, head: Head, story: Story, shown: Presented) -> Data:
    data = {
        "@type": "NewsArticle",
        "headline": cut(head.title, HEADLINE),
        "description": head.description,
        "url": head.canonical,
        "mainEntityOfPage": head.canonical,
        "datePublished": iso(head.published),
        "dateModified": iso(head.modified),
        "author": [person(house, author.name, author.slug) for author in story.authors] or organization(house),
        "publisher": organization(house),
        "image": images(house, story, head.image),
        "articleSection": head.section,
        "keywords": head.tags,
        "inLanguage": house.language,
        "isAccessibleForFree": shown.is_free,
        "citation": citations(shown),
    }
    if shown.is_open and not shown.is_free:  # else the text is not in the page, and nothing to point at
        text = ".live__entries" if story.kind is Kind.LIVEBLOG else ".text"
        data["hasPart"] = {"@type": "WebPageElement", "isAccessibleForFree": False, "cssSelector": text}
    if story.kind is Kind.LIVEBLOG:
        data |= liveblog(house, story, shown, head.canonical)
    return stated(data)


def liveblog(house: House, story: Story, shown: Presented, url: str) -> Data:
    newest = sorted(shown.entries, key=lambda entry: (entry.at, entry.id), reverse=True)[:ENTRIES]
    return {
        "@type": "LiveBlogPosting",
        "coverageStartTime": iso(story.opened_at or story.published_at),
        "coverageEndTime": iso(story.closed_at),
        "liveBlogUpdate": [posting(entry, url) for entry in newest],
    }


def posting(entry: Entry, url: str) -> Data:
    words = plain(entry.body_html)
    return stated(
        {
            "@type": "BlogPosting",
            "headline": cut(entry.headline or entry.topic or entry.speaker or words, HEADLINE),
            "url": f"{url}#entry-{entry.id}",
            "datePublished": iso(entry.at),
            "dateModified": iso(entry.corrected_at),
            "articleBody": cut(words, ENTRY_WORDS),
        }
    )


def person(house: House, name: str, slug: str) -> Data:
    return {"@type": "Person", "name": name, "url": house.at(f"/author/{slug}")}


@lru_cache(maxsize=10)
def organization(house: House) -> Data:
    mark = logo(house)
    return {
        "@type": "NewsMediaOrganization",
        "@id": house.at("/") + "#publisher",
        "name": house.name,
        "url": house.at("/"),
        "logo": {"@type": "ImageObject", "url": mark.url, "width": mark.width, "height": mark.height},
    }


def logo(house: House) -> Image:
    return Image(house.at("/static/icons/icon-512.png"), 512, 512)


def images(house: House, story: Story, shared: Image | None) -> list[Data]:
    """The picture with who made it, then the image for sharing, which is a PNG whatever the picture is."""
    found = [picture_data(house, story, story.picture)] if story.picture else []
    if shared:
        found.append({"@type": "ImageObject", "url": shared.url, "width": shared.width, "height": shared.height})
    return found


def picture_data(house: House, story: Story, picture: Plate) -> Data:
    credit = story.picture_credit or picture.credit
    is_address = picture.licence.startswith(("https://", "http://"))
    return stated(
        {
            "@type": "ImageObject",
            "url": house.at(f"/media/{picture.key}"),
            "contentUrl": house.at(f"/media/{picture.key}"),  # what Google's image search goes by
            "width": picture.width,
            "height": picture.height,
            "caption": story.picture_caption or picture.caption,
            "creditText": credit,
            "copyrightNotice": "" if is_address else picture.licence,
            "license": picture.licence if is_address else "",
            "acquireLicensePage": picture.source_url,
        }
    )


def citations(shown: Presented) -> list[Data]:
    """The references as works: what each says, and the first address that leads away."""
    if not shown.is_open or not shown.references:
        return []
    notes = (element for element in parse(shown.references).elements() if element.tag == "li")
    return [citation(note) for _, note in zip(range(CITATIONS), notes, strict=False)]


def citation(note: Element) -> Data:
    links = [link.attributes.get("href", "") for link in note.elements() if link.tag == "a"]
    away = next((link for link in links if link.startswith(("https://", "http://"))), "")
    words = " ".join(note.text().replace("↩\ufe0e", "").split())
    return stated({"@type": "CreativeWork", "name": cut(words, CITATION), "url": away})


def breadcrumbs(house: House, *places: tuple[str, str]) -> Data:
    """The way here from the front page: (name, path) of each page."""
    way = [(house.name, "/"), *places]
    return {
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": number, "name": name, "item": house.at(path)}
            for number, (name, path) in enumerate(way, 1)
        ],
    }


def iso(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if moment else ""


def stated(data: Data) -> Data:
    """Without what there is nothing to say of; False is something to say."""
    return {name: value for name, value in data.items() if value not in ("", [], None)}
