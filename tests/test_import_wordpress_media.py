"""Pictures of a WordPress site: from a folder, from a zip, with their descriptions, captions and credits."""

import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models import Article, Page, Picture, Redirect, db
from tests.wxr_tools import UPLOADS, attachment, export, item, jpeg, run, zipped

CAMERA = 'a:1:{s:10:"image_meta";a:1:{s:6:"credit";s:8:"Ana Roé";}}'
BOAT = attachment(
    50,
    "2021/03/boat.jpg",
    excerpt="A boat on the river",
    meta={"_wp_attachment_image_alt": "A boat", "_media_credit": "Jo Bakker"},
)
CITY = attachment(51, "2021/03/city.jpg", meta={"_wp_attachment_metadata": CAMERA}, post_parent=1)
TEXT = f"""<!-- wp:paragraph --><p>Words.</p><!-- /wp:paragraph -->

[caption id="attachment_50" width="300"]<a href="{UPLOADS}/2021/03/boat.jpg"><img class="wp-image-50"
src="{UPLOADS}/2021/03/boat-300x200.jpg" srcset="{UPLOADS}/2021/03/boat-300x200.jpg 300w"></a> Said beside it[/caption]

<img src="data:image/gif;base64,R0lGOD" data-src="/wp-content/uploads/2021/03/city-1024x768.jpg?w=300" alt="The city">

<img src="{UPLOADS}/2021/03/lost-300x200.jpg" alt="Lost one">

A <a href="{UPLOADS}/2021/03/boat-scaled.jpg">link in words</a>, a <a href="{UPLOADS}/2021/03/plan.pdf">plan</a>.
<img src="https://count.example/p.gif" width="1" height="1">"""


@pytest.fixture
def uploads(tmp_path: Path) -> Path:
    folder = tmp_path / "wp-content" / "uploads" / "2021" / "03"
    folder.mkdir(parents=True)
    (folder / "boat.jpg").write_bytes(jpeg())
    (folder / "city.jpg").write_bytes(jpeg(900, 600, (20, 90, 40)))
    (folder / "plan.pdf").write_bytes(b"%PDF-1.4")
    return tmp_path / "wp-content" / "uploads"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    page = item(
        2, "About us.", kind="page", slug="about", link="https://old.example/about/", meta={"_thumbnail_id": 50}
    )
    return export(tmp_path, item(1, TEXT, meta={"_thumbnail_id": 50}), page, BOAT, CITY)


def pictures() -> dict[str, Picture]:
    return {picture.name: picture for picture in db.session.scalars(db.select(Picture))}


def story() -> Article:
    found = Article.by_slug("story-1")
    assert found
    return found


def test_pictures_come_with_all_that_is_said_of_them(
    app: Flask, client: FlaskClient, file: Path, uploads: Path
) -> None:
    run(app, file, "--media", uploads)
    boat, city = pictures()["boat.jpg"], pictures()["city.jpg"]
    assert (boat.alt, boat.caption, boat.credit) == ("A boat", "A boat on the river", "Jo Bakker")
    assert boat.imported_from == f"{UPLOADS}/2021/03/boat.jpg" and city.credit == "Ana Roé"
    text = story().body_html
    assert re.search(rf'<img src="/media/{boat.key}" alt="A boat" width="640" height="400"', text)  # in its full size
    assert "<figcaption>Said beside it <small>Jo Bakker</small></figcaption>" in text
    assert (
        f'src="/media/{city.key}" alt="The city"' in text and "<figcaption><small>Ana Roé</small></figcaption>" in text
    )
    assert f'<a href="/media/{boat.key}">link in words</a>' in text
    assert text.count(f'/media/{boat.key}"') == 2  # the picture no longer links to itself
    assert "count.example" not in text and "data:" not in text
    with client.get(f"/media/{boat.key}") as shown:
        assert shown.status_code == 200


def test_featured_pictures(app: Flask, file: Path, uploads: Path) -> None:
    said = run(app, file, "--media", uploads)
    article = story()
    assert article.picture and article.picture.name == "boat.jpg"
    assert (article.picture_alt, article.picture_credit) == ("A boat", "Jo Bakker")
    assert article.picture_caption == "A boat on the river"
    about = Page.by_slug("about")
    assert about and about.body_html.index("/media/") < about.body_html.index("About us.")  # pages have no place for it
    assert re.search(r"\b2  lead pictures of stories", said) and re.search(r"\b2  pictures\n", said)


def test_what_cannot_be_had_is_a_link_and_stands_in_the_report(app: Flask, file: Path, uploads: Path) -> None:
    said = run(app, file, "--media", uploads)
    lost = f"{UPLOADS}/2021/03/lost-300x200.jpg"
    assert f'<a href="{lost}">Picture: Lost one</a>' in story().body_html
    assert f"“Story 1”: the picture {lost} became a link: it is not among the uploads." in said
    assert f"the file {UPLOADS}/2021/03/plan.pdf stays where it was, behind a link." in said
    assert re.search(r"\b1  pictures that could not be had", said)


def test_an_old_pictures_address_leads_to_ours(app: Flask, file: Path, uploads: Path) -> None:
    run(app, file, "--media", uploads)
    row = Redirect.by_path("/wp-content/uploads/2021/03/boat.jpg")
    assert row and row.target == f"/media/{pictures()['boat.jpg'].key}"


@pytest.mark.parametrize("prefix", ["", "uploads/", "backup/wp-content/uploads/", "some folder/"])
def test_a_zip_is_as_good_as_the_folder(app: Flask, file: Path, tmp_path: Path, prefix: str) -> None:
    archive = zipped(tmp_path / "uploads.zip", {f"{prefix}2021/03/boat.jpg": jpeg()})
    run(app, file, "--media", archive)
    assert set(pictures()) == {"boat.jpg"}


def test_a_zip_can_neither_write_outside_nor_swell(app: Flask, file: Path, tmp_path: Path) -> None:
    (tmp_path / "zips").mkdir()
    members = {
        "../../evil.jpg": jpeg(),
        "/etc/evil.jpg": jpeg(),
        "..\\..\\2021\\03\\evil.jpg": jpeg(),
        "uploads/2021/03/boat.jpg": b"\xff\xd8" + bytes(60_000_000),  # 60 kB in the zip
        "uploads/2021/03/city.jpg": jpeg(20, 20),
    }
    archive = zipped(tmp_path / "zips" / "uploads.zip", members)
    before = {path for path in tmp_path.rglob("*") if app.config["DATA"] not in path.parents}
    said = run(app, file, "--media", archive)
    assert {path for path in tmp_path.rglob("*") if app.config["DATA"] not in path.parents} - before <= {
        app.config["DATA"]
    }
    assert not list(tmp_path.rglob("*evil*")) and set(pictures()) == {"city.jpg"}
    assert "it is larger than 20 MB" in said


def test_a_damaged_picture_or_zip_member_is_reported(app: Flask, file: Path, tmp_path: Path) -> None:
    data = jpeg()
    archive = zipped(tmp_path / "uploads.zip", {"2021/03/boat.jpg": data, "2021/03/city.jpg": data[: len(data) // 2]})
    raw = archive.read_bytes()
    place = raw.index(b"2021/03/boat.jpg") + 40
    archive.write_bytes(raw[:place] + b"\0\0\0\0\0\0" + raw[place + 6 :])
    said = run(app, file, "--media", archive)
    assert "damaged, or behind a password" in said and "could not be read to its end" in said
    assert not pictures()


def test_no_file_outside_the_folder_is_read(app: Flask, tmp_path: Path, uploads: Path) -> None:
    secret = tmp_path / "secret.jpg"
    secret.write_bytes(jpeg())
    (uploads / "2021" / "03" / "linked.jpg").symlink_to(secret)
    text = "".join(
        f'<img src="{UPLOADS}/{name}" alt="x">'
        for name in ("../../secret.jpg", "%2e%2e/%2e%2e/secret.jpg", "2021/03/linked.jpg", f"/{secret}", "a" * 300)
    )
    run(app, export(tmp_path, item(1, text)), "--media", uploads)
    assert not pictures()


@pytest.mark.parametrize("name", ["missing", "export.xml"])
def test_uploads_that_cannot_be_read_change_nothing(app: Flask, file: Path, tmp_path: Path, name: str) -> None:
    result = app.test_cli_runner().invoke(args=["import-wordpress", str(file), "--media", str(tmp_path / name)])
    assert result.exit_code == 1 and "Nothing was changed." in result.output and "Traceback" not in result.output
    assert not db.session.scalars(db.select(Article)).all()


def test_a_dry_run_says_the_same_and_stores_no_picture(app: Flask, file: Path, uploads: Path) -> None:
    dry = run(app, file, "--media", uploads, "--dry-run")
    assert not list((app.config["DATA"] / "media").glob("*")) and not pictures()
    assert dry == run(app, file, "--media", uploads) + "A dry run: nothing was changed.\n"


def test_a_later_story_finds_the_pictures_of_an_earlier_run(app: Flask, tmp_path: Path, uploads: Path) -> None:
    run(app, export(tmp_path, item(1, TEXT), BOAT, CITY), "--media", uploads)
    more = item(3, f'<img src="{UPLOADS}/2021/03/boat-150x150.jpg">')
    said = run(app, export(tmp_path, item(1, TEXT), more, BOAT, CITY))  # without the uploads
    found = Article.by_slug("story-3")
    assert found and "/media/" in found.body_html
    assert re.search(r"\b1  pictures\n", said.partition("Already here")[2])
    assert len(pictures()) == 2
