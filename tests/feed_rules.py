"""What RSS 2.0, Atom (RFC 4287) and JSON Feed 1.1 ask of a feed, checked to the letter. Each raises AssertionError."""

import json
import re
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, fromstring

ATOM = "{http://www.w3.org/2005/Atom}"
MEDIA = "{http://search.yahoo.com/mrss/}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
# RFC 822 with the four digits of a year that RSS asks for; RFC 3339 with the time zone that Atom and JSON Feed ask for.
RFC822 = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (\+0000|GMT)")
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)")
LANGUAGE = re.compile(r"[a-z]{2}(-[A-Z]{2})?")
NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def address(text: str | None) -> str:
    """An absolute address in plain ASCII."""
    parts = urlsplit(text or "")
    assert text and parts.scheme in ("http", "https") and parts.netloc, text
    assert text.isascii() and not re.search(r"[\s<>\"]", text), text
    return text


def one(parent: Element, name: str) -> str:
    found = parent.findall(name)
    assert len(found) == 1, (name, len(found))
    text = (found[0].text or "").strip()
    assert text, name
    return text


def relative(html: str) -> list[str]:
    """Addresses in a text that lead nowhere outside its page."""
    return re.findall(r'(?:href|src)="(?!https?://|mailto:)([^"]*)"', html)


def check_html(html: str) -> None:
    assert not relative(html), relative(html)
    assert not re.search(r"<script|<style|\son\w+=|srcset=|data-", html), html[:200]


def check_rss(text: str, own: str) -> list[str]:
    """Returns the ids of its items. `own`: the feed's address."""
    root = fromstring(text)
    assert (root.tag, root.attrib) == ("rss", {"version": "2.0"})
    assert [child.tag for child in root] == ["channel"]
    channel = root[0]
    for name in ("title", "description"):
        one(channel, name)
    address(one(channel, "link"))
    assert LANGUAGE.fullmatch(one(channel, "language"))
    itself = [link.attrib for link in channel.findall(ATOM + "link") if link.get("rel") == "self"]
    assert itself == [{"rel": "self", "type": "application/rss+xml", "href": own}]
    image = channel.find("image")
    assert image is not None
    assert one(image, "title") == one(channel, "title") and one(image, "link") == one(channel, "link")
    address(one(image, "url"))
    ids, dates = [], []
    for item in channel.findall("item"):
        for name in ("title", "description"):
            one(item, name)
        guid = item.findall("guid")
        assert len(guid) == 1 and guid[0].get("isPermaLink") == "true"
        ids.append(address(guid[0].text))
        assert address(one(item, "link")) == guid[0].text
        said = one(item, "pubDate")
        assert RFC822.fullmatch(said), said
        dates.append(parsedate_to_datetime(said))
        for changed in item.findall(ATOM + "updated"):
            assert RFC3339.fullmatch(changed.text or "") and datetime.fromisoformat(changed.text or "") > dates[-1]
        for picture in item.findall(MEDIA + "content"):
            address(picture.get("url"))
            assert picture.get("medium") == "image" and (picture.get("type") or "").startswith("image/")
        for html in (one(item, "description"), *(whole.text or "" for whole in item.findall(CONTENT))):
            check_html(html)
    if dates:
        last = one(channel, "lastBuildDate")
        assert RFC822.fullmatch(last) and parsedate_to_datetime(last) >= max(dates)
    assert dates == sorted(dates, reverse=True)
    return ids


def check_atom(text: str, own: str) -> list[str]:
    feed = fromstring(text)
    assert feed.tag == ATOM + "feed"
    assert LANGUAGE.fullmatch(feed.get("{http://www.w3.org/XML/1998/namespace}lang") or "")
    one(feed, ATOM + "title")
    assert address(one(feed, ATOM + "id")) == own
    links = {link.get("rel"): link for link in feed.findall(ATOM + "link")}
    assert set(links) == {"self", "alternate"} and links["self"].get("href") == own
    assert links["self"].get("type") == "application/atom+xml" and links["alternate"].get("type") == "text/html"
    address(links["alternate"].get("href"))
    assert feed.findtext(f"{ATOM}author/{ATOM}name")
    assert RFC3339.fullmatch(one(feed, ATOM + "updated"))
    ids = []
    for entry in feed.findall(ATOM + "entry"):
        one(entry, ATOM + "title")
        ids.append(address(one(entry, ATOM + "id")))
        alternate = [link for link in entry.findall(ATOM + "link") if link.get("rel") == "alternate"]
        assert [link.get("href") for link in alternate] == ids[-1:]
        published, updated = one(entry, ATOM + "published"), one(entry, ATOM + "updated")
        assert RFC3339.fullmatch(published) and RFC3339.fullmatch(updated)
        assert datetime.fromisoformat(published) <= datetime.fromisoformat(updated)
        for author in entry.findall(ATOM + "author"):
            one(author, ATOM + "name")
            address(one(author, ATOM + "uri"))
        assert all(category.get("term") for category in entry.findall(ATOM + "category"))
        bodies = entry.findall(ATOM + "content") + entry.findall(ATOM + "summary")
        assert bodies and len(entry.findall(ATOM + "content")) < 2 and len(entry.findall(ATOM + "summary")) == 1
        for body in bodies:
            assert body.get("type") in (None, "html")
            if body.get("type") == "html":
                check_html(body.text or "")
    return ids


def check_json(text: str, own: str) -> list[str]:
    feed = json.loads(text)
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["title"] and feed["feed_url"] == own
    for name in ("home_page_url", "favicon"):
        address(feed[name])
    assert LANGUAGE.fullmatch(feed["language"]) and all(author["name"] for author in feed["authors"])
    known = {
        "id",
        "url",
        "title",
        "summary",
        "content_html",
        "image",
        "date_published",
        "date_modified",
        "authors",
        "tags",
    }
    for item in feed["items"]:
        assert set(item) <= known and isinstance(item["id"], str)
        assert address(item["url"]) == item["id"]
        assert item["content_html"]
        check_html(item["content_html"])
        assert RFC3339.fullmatch(item["date_published"]) and RFC3339.fullmatch(item["date_modified"])
        assert all(author["name"] and address(author["url"]) for author in item.get("authors", []))
        assert all(isinstance(tag, str) and tag for tag in item.get("tags", []))
        if "image" in item:
            address(item["image"])
    return [item["id"] for item in feed["items"]]


def check(text: str, file: str, own: str) -> None:
    """`file` is the last part of the feed's address, which says its format."""
    if file != "feed.json":
        assert text.startswith('<?xml version="1.0" encoding="utf-8"?>')
        assert not NO_XML.search(text)
    ids = {"feed.xml": check_rss, "atom.xml": check_atom, "feed.json": check_json}[file](text, own)
    assert len(ids) == len(set(ids))
