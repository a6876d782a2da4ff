"""Small WordPress exports for tests: a few lines in, a whole file out."""

import io
import zipfile
from html import escape
from pathlib import Path
from typing import Any

from flask import Flask
from PIL import Image

SITE = "https://old.example"
UPLOADS = f"{SITE}/wp-content/uploads"
HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/"
  xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"
  xmlns:wp="http://wordpress.org/export/1.2/"><channel>
<title>The old place</title><link>{site}</link><wp:wxr_version>1.2</wp:wxr_version>
"""


def item(number: int, body: str = "", **given: Any) -> str:
    """An item; `meta`, `terms` and `replies` take rows, all else is a field by WordPress's name."""
    slug = given.pop("slug", f"story-{number}")
    kind = given.pop("kind", "post")
    link = given.pop("link", f"{SITE}/2021/03/{slug}/")
    fields = {
        "wp:post_id": number,
        "wp:post_name": slug,
        "wp:post_type": kind,
        "wp:status": given.pop("status", "inherit" if kind == "attachment" else "publish"),
        "wp:post_date_gmt": given.pop("at", "2021-03-01 09:00:00"),
        "title": given.pop("title", f"Story {number}"),
        "link": link,
        "guid": given.pop("guid", f"{SITE}/?p={number}"),
        "dc:creator": given.pop("creator", "mei"),
        "content:encoded": body,
        "excerpt:encoded": given.pop("excerpt", ""),
    }
    meta = given.pop("meta", {})
    rows = [f"<{name}>{escape(str(value))}</{name}>" for name, value in fields.items()]
    rows += [
        f"<wp:postmeta><wp:meta_key>{key}</wp:meta_key><wp:meta_value>{escape(str(value))}</wp:meta_value></wp:postmeta>"
        for key, value in meta.items()
    ]
    rows += [
        f'<category domain="{kind}" nicename="{slug}">{escape(name)}</category>'
        for kind, slug, name in given.pop("terms", [])
    ]
    rows += given.pop("replies", [])
    rows += [f"<wp:{name}>{escape(str(value))}</wp:{name}>" for name, value in given.items()]
    return f"<item>{''.join(rows)}</item>\n"


def attachment(number: int, name: str, **given: Any) -> str:
    """A medium at `name` under the uploads: "2021/03/boat.jpg"."""
    link = given.pop("link", f"{SITE}/medium-{number}/")
    return item(number, kind="attachment", link=link, attachment_url=f"{UPLOADS}/{name}", **given)


def reply(number: int, body: str = "Words.", parent: int = 0, kind: str = "comment") -> str:
    return (
        f"<wp:comment><wp:comment_id>{number}</wp:comment_id><wp:comment_author>Reader</wp:comment_author>"
        f"<wp:comment_date_gmt>2021-03-02 10:00:00</wp:comment_date_gmt><wp:comment_content>{escape(body)}"
        f"</wp:comment_content><wp:comment_approved>1</wp:comment_approved><wp:comment_type>{kind}</wp:comment_type>"
        f"<wp:comment_parent>{parent}</wp:comment_parent></wp:comment>"
    )


def author(login: str, name: str, number: int = 7) -> str:
    return (
        f"<wp:author><wp:author_id>{number}</wp:author_id><wp:author_login>{login}</wp:author_login>"
        f"<wp:author_display_name>{escape(name)}</wp:author_display_name></wp:author>\n"
    )


def export(folder: Path, *rows: str, site: str = SITE) -> Path:
    file = folder / "export.xml"
    file.write_text(HEAD.format(site=site) + author("mei", "Mei 梅") + "".join(rows) + "</channel></rss>")
    return file


def large_export(file: Path, posts: int) -> Path:
    """Many posts with links to one another and replies, written piece by piece."""
    with file.open("w") as out:
        out.write(HEAD.format(site=SITE) + author("mei", "Mei 梅"))
        for number in range(1, posts + 1):
            other = number * 7 % posts + 1
            body = f'A paragraph 微博.\n\n<a href="/2021/03/story-{other}/">Another</a>\n\n[box a="b"]In a box.[/box]'
            terms = [("category", f"place-{number % 5}", f"Place {number % 5}"), ("post_tag", f"t-{number % 9}", "")]
            replies = [reply(number * 10), reply(number * 10 + 1, parent=number * 10)]
            out.write(item(number, body, terms=terms, replies=replies))
        out.write("</channel></rss>")
    return file


def jpeg(width: int = 640, height: int = 400, colour: tuple[int, int, int] = (120, 40, 40)) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(data, "JPEG")
    return data.getvalue()


def zipped(file: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in members.items():
            out.writestr(name, data)
    return file


def run(app: Flask, *arguments: str | Path) -> str:
    """Import, which must succeed; everything said."""
    result = app.test_cli_runner().invoke(args=["import-wordpress", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output
