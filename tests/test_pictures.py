"""Pictures: what may become one, what is taken off it, how it is shown, and what editors do with it."""

import io
import re
import struct
import zlib
from pathlib import Path

import html5lib
import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image, ImageCms
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import encode_multipart

from models import Article, LiveEntry, Picture, begin_write, db
from models.article import Kind
from models.picture_files import MOST_BYTES, NotAPicture, TooLarge, store
from models.writing import write
from tests.makers import NOON, keep, make_account, make_article, make_category, make_editor, make_offer, sign_in

ORIENTATION, GPS, MAKE = 0x112, 0x8825, 0x10F


def photograph(kind: str = "JPEG", size: tuple[int, int] = (1000, 600), mode: str = "RGB", **more: object) -> bytes:
    """Red at the left, blue at the right."""
    image = Image.new(mode, size, "blue")
    image.paste("red", (0, 0, size[0] // 2, size[1]))
    out = io.BytesIO()
    image.save(out, kind, **more)
    return out.getvalue()


def from_a_phone(**more: object) -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION], exif[MAKE] = 6, "Telltale"
    exif[GPS] = {1: "N", 2: (52.0, 5.0, 25.0), 3: "E", 4: (5.0, 7.0, 18.0)}
    return photograph(exif=exif, **more)


def svg(inside: str = "", more: str = 'width="40" height="30"') -> bytes:
    namespaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return f"<svg {namespaces} {more}>{inside}</svg>".encode()


def png_header_of(width: int, height: int) -> bytes:
    """A file of a few bytes that says it is huge."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


# --- what may become a picture -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_a_picture_gets_copies_below_its_width(tmp_path: Path, kind: str) -> None:
    picture = store(tmp_path, photograph(kind), "C:\\holiday\\IMG 1.jpg")
    assert picture.content_type == f"image/{kind.lower()}"
    assert (picture.width, picture.height, picture.widths) == (1000, 600, "480 960")
    assert picture.name == "IMG 1.jpg" and re.fullmatch("[0-9a-f]{24}", picture.key)
    assert {each.name for each in tmp_path.iterdir()} == {picture.file_name, *picture.copy_names()}
    for width in picture.copy_widths:
        for ending in ("webp", "avif"):
            with Image.open(tmp_path / picture.copy_name(width, ending)) as copy:
                assert (copy.format, copy.size) == (ending.upper(), (width, round(width * 0.6)))


@pytest.mark.parametrize(("width", "widths"), [(300, "300"), (480, "480"), (800, "480 800"), (1500, "480 960 1440")])
def test_a_narrow_picture_has_a_copy_of_its_own_width(tmp_path: Path, width: int, widths: str) -> None:
    assert store(tmp_path, photograph(size=(width, 20)), "").widths == widths


def test_a_picture_too_tall_for_a_copy_is_shown_as_it_is(tmp_path: Path) -> None:
    assert store(tmp_path, photograph("PNG", size=(100, 17_000)), "roll.png").widths == ""
    assert store(tmp_path, photograph("PNG", size=(600, 17_000)), "roll.png").widths == "480"


def test_type_is_told_by_content_and_not_by_name(tmp_path: Path) -> None:
    assert store(tmp_path, photograph("PNG"), "photo.jpg").content_type == "image/png"
    for lie in (
        b"<html><script>alert(1)</script>",
        b"GIF89a" + b"\0" * 20,
        b"%PDF-1.7",
        b"MZ",
        b"\xff\xd8\xff\xe0junk",
    ):
        with pytest.raises(NotAPicture):
            store(tmp_path, lie, "photo.jpg")
    with pytest.raises(NotAPicture, match="Use JPEG"):
        store(tmp_path, photograph("TIFF"), "scan.jpg")
    with pytest.raises(NotAPicture, match="empty"):
        store(tmp_path, b"", "photo.jpg")


def test_a_file_cut_off_or_broken_leaves_nothing_behind(tmp_path: Path) -> None:
    whole = photograph(size=(1600, 900))
    for part in (whole[: len(whole) // 2], photograph("PNG")[:400], photograph("WEBP")[:60]):
        with pytest.raises(NotAPicture):
            store(tmp_path, part, "photo.jpg")
    assert list(tmp_path.iterdir()) == []


def test_bombs_are_refused_before_they_go_off(tmp_path: Path) -> None:
    for size in ((8000, 8000), (12_000, 12_000), (60_000, 60_000)):  # ours, Pillow's warning, Pillow's error
        with pytest.raises(TooLarge, match="60 million pixels"):
            store(tmp_path, png_header_of(*size), "bomb.png")
    with pytest.raises(TooLarge, match="20 MB"):
        store(tmp_path, io.BytesIO(b"\0" * (MOST_BYTES + 5)), "large.jpg")


def test_place_camera_and_comments_are_taken_off_and_the_picture_stands_upright(tmp_path: Path) -> None:
    data = from_a_phone(comment=b"Telltale comment")
    assert b"Telltale" in data
    picture = store(tmp_path, data, "photo.jpg")
    assert (picture.width, picture.height) == (600, 1000)
    for file in tmp_path.iterdir():
        assert b"Telltale" not in file.read_bytes()
        with Image.open(file) as image:
            assert not dict(image.getexif()) and "exif" not in image.info and image.height > image.width
            red, _, blue = image.convert("RGB").getpixel((image.width // 2, 5))  # turned right: left went up
            assert red > 200 > 60 > blue


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "AVIF"])
def test_other_types_lose_their_metadata_too(tmp_path: Path, kind: str) -> None:
    picture = store(tmp_path, from_a_phone(kind=kind), "photo")
    assert all(b"Telltale" not in file.read_bytes() for file in tmp_path.iterdir())
    assert picture.height > picture.width


def test_colours_of_another_space_become_srgb(tmp_path: Path) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    picture = store(tmp_path, photograph("PNG", icc_profile=lab), "wide.png")
    with Image.open(tmp_path / picture.file_name) as image:
        assert "icc_profile" not in image.info and image.mode == "RGB"
    store(tmp_path, photograph("PNG", size=(90, 90), icc_profile=b"no profile at all"), "broken.png")


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_every_mode_of_pixels_is_read(tmp_path: Path, mode: str) -> None:
    image = Image.new("RGBA", (600, 40), (255, 0, 0, 128)) if mode in {"LA", "RGBA"} else Image.new("RGB", (600, 40))
    image = Image.new("I;16", (600, 40), 65535) if mode == "I;16" else image.convert(mode)
    out = io.BytesIO()
    image.save(out, "JPEG" if mode == "CMYK" else "PNG")
    picture = store(tmp_path, out.getvalue(), "x")
    with Image.open(tmp_path / picture.copy_name(480, "webp")) as copy:
        assert copy.mode == ("RGBA" if mode in {"LA", "RGBA"} else "RGB")
        if mode == "I;16":
            assert copy.getpixel((5, 5))[0] > 250


def moving(kind: str, **more: object) -> bytes:
    frames = [Image.new("RGB", (50, 40), colour) for colour in ("red", "green", "blue")]
    out = io.BytesIO()
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], duration=80, **more)
    return out.getvalue()


def test_what_moves_goes_on_moving(tmp_path: Path) -> None:
    data = moving("GIF")
    picture = store(tmp_path, data, "cat.gif")
    assert (picture.content_type, picture.widths) == ("image/gif", "")
    assert (tmp_path / picture.file_name).read_bytes() == data
    exif = Image.Exif()
    exif[MAKE] = "Telltale"
    for kind in ("WEBP", "PNG"):
        picture = store(tmp_path, moving(kind, exif=exif), "cat")
        assert b"Telltale" not in (tmp_path / picture.file_name).read_bytes()
        with Image.open(tmp_path / picture.file_name) as image:
            assert image.n_frames == 3  # type: ignore[attr-defined]
    assert store(tmp_path, photograph("GIF"), "still.gif").content_type == "image/png"


def test_the_same_file_twice_is_one_picture_and_costs_nothing_the_second_time(tmp_path: Path) -> None:
    data = photograph()
    first = store(tmp_path, data, "a.jpg")
    times = {file: file.stat().st_mtime_ns for file in tmp_path.iterdir()}
    second = store(tmp_path, io.BytesIO(data), "b.jpg")
    assert (second.key, second.size, second.content_type) == (first.key, first.size, first.content_type)
    assert {file: file.stat().st_mtime_ns for file in tmp_path.iterdir()} == times
    (tmp_path / first.file_name).unlink()  # broken off before the original, which comes last
    assert store(tmp_path, data, "a.jpg").size == first.size
    assert (tmp_path / first.file_name).is_file()


# --- drawings ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        '<rect onload="alert(1)"/>',
        '<rect ONCLICK="alert(1)"/>',
        "<foreignObject><p xmlns='http://www.w3.org/1999/xhtml'>x</p></foreignObject>",
        '<h:script xmlns:h="http://www.w3.org/1999/xhtml">alert(1)</h:script>',
        '<image href="https://spy.example/x.png"/>',
        '<image xlink:href="//spy.example/x.png"/>',
        '<use href="other.svg#a"/>',
        '<use href="data:image/svg+xml;base64,PHN2Zz4="/>',
        '<a href="javascript:alert(1)"><rect/></a>',
        '<rect style="fill: url(https://spy.example/x)"/>',
        "<rect fill=\"url('http://spy.example/x#a')\"/>",
        "<style>@import 'https://spy.example/x.css';</style>",
        "<style>rect { fill: u\\72l(https://spy.example) }</style>",
        "<style>@font-face { src: url(https://spy.example/x) }</style>",
        '<set attributeName="href" to="javascript:alert(1)"/>',
        '<set attributeName="href" to="https://spy.example/"/>',
        '<animate attributeName="xlink:href" values="javascript:alert(1)"/>',
        '<g xml:base="https://spy.example/"/>',
    ],
)
def test_a_drawing_that_could_act_or_fetch_is_refused(tmp_path: Path, inside: str) -> None:
    with pytest.raises(NotAPicture, match="This drawing"):
        store(tmp_path, svg(inside), "drawing.svg")
    assert list(tmp_path.iterdir()) == []


def test_a_drawing_with_entities_or_too_deep_is_refused(tmp_path: Path) -> None:
    laughs = b'<!DOCTYPE svg [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>' + svg("<text>&b;</text>")
    outside = b'<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + svg("<text>&a;</text>")
    for data in (
        laughs,
        outside,
        svg("<g>" * 20_000 + "</g>" * 20_000),
        b"<svg",
        svg(more=""),
        svg(more='width="100%"'),
    ):
        with pytest.raises(NotAPicture):
            store(tmp_path, data, "x.svg")


def test_a_harmless_drawing_is_kept_without_its_programs_notes(tmp_path: Path) -> None:
    notes = '<ed:view xmlns:ed="http://editor.example/" ed:user="Telltale"/><metadata>Telltale</metadata>'
    inside = f'{notes}<!-- Telltale --><defs><linearGradient id="a"/></defs><rect fill="url(#a)"/><use href="#a"/>'
    picture = store(tmp_path, b"\xef\xbb\xbf<?xml version='1.0'?>" + svg(inside, 'viewBox="0 0 400 300"'), "x.svg")
    kept = (tmp_path / picture.file_name).read_text()
    assert (picture.content_type, picture.size) == ("image/svg+xml", (400, 300))
    assert "Telltale" not in kept and 'fill="url(#a)"' in kept and kept.count("<svg") == 1
    again = store(tmp_path, b"\xef\xbb\xbf<?xml version='1.0'?>" + svg(inside, 'viewBox="0 0 400 300"'), "y.svg")
    assert again.size == picture.size


# --- showing them --------------------------------------------------------------------------------------------


@pytest.fixture
def stored(app: Flask) -> Picture:
    return keep(store(app.config["DATA"] / "media", photograph(size=(1200, 800)), "moon.jpg"))


def candidates(srcset: str) -> list[tuple[str, int]]:
    parts = [part.split() for part in srcset.split(", ")]
    return [(address, int(width.removesuffix("w"))) for address, width in parts]


def test_every_candidate_in_a_page_is_there_and_as_wide_as_it_says(client: FlaskClient, stored: Picture) -> None:
    inside = keep(store(Path(client.application.config["DATA"]) / "media", photograph(size=(1000, 500)), "in.jpg"))
    story = make_article(picture=stored, picture_alt="A moon", is_lead=True, category=make_category())
    text = f"Before.\n\n![A door](media:{inside.key})\n\nAfter."
    begin_write()
    story.write(text, written=write(text, sizes=Picture.sizes_in(text)))
    db.session.commit()
    for address, keys in (("/articles/" + story.slug, [stored.key, inside.key]), ("/", [stored.key, stored.key])):
        page = html5lib.parse(client.get(address).data, namespaceHTMLElements=False)
        pictures = page.findall(".//main//picture")
        assert [each.find("img").get("src").removeprefix("/media/") for each in pictures] == keys
        for place, each in enumerate(pictures):
            image, sources = each.find("img"), each.findall("source")
            assert [source.get("type") for source in sources] == ["image/avif", "image/webp"]
            assert image.get("width") and image.get("height") and image.get("decoding") == "async"
            first = (image.get("fetchpriority"), image.get("loading"))
            assert first == (("high", None) if place == 0 else (None, "lazy"))
            for source in sources:
                assert source.get("sizes")
                for copy, width in candidates(source.get("srcset")):
                    with client.get(copy) as reply, Image.open(io.BytesIO(reply.data)) as picture:
                        assert (reply.mimetype, picture.width) == (source.get("type"), width)


def test_a_text_written_before_the_copies_were_made_stays_right() -> None:
    source = "![A door](media:abc)"
    assert "<picture>" not in write(source, sizes={"abc": (10, 20)}).body
    assert "<picture>" not in write(source).body
    assert 'src="/media/abc"' in write(source).body
    teaser = write(f"{source}\n\nTwo.\n\n<!-- open until here -->\n\nThree.", sizes={"abc": (900, 9, 480)}).teaser
    assert teaser.count("<source") == 2 and "abc-480.avif 480w" in teaser
    ours = write(
        '<p><picture><source srcset="https://spy.example/x.avif 1w"><img src="/media/abc"></picture></p>', html=True
    )
    assert "spy" not in ours.body


def test_a_picture_is_kept_for_good_and_nothing_else_is_served(client: FlaskClient, stored: Picture) -> None:
    for name in (stored.key, stored.copy_name(480, "avif"), stored.copy_name(960, "webp")):
        with client.get(f"/media/{name}") as reply:
            assert reply.cache_control.immutable and reply.cache_control.max_age == 31_536_000
            assert reply.cache_control.public and "Set-Cookie" not in reply.headers
            assert reply.headers["X-Content-Type-Options"] == "nosniff"
            assert reply.headers["Cross-Origin-Resource-Policy"] == "cross-origin"  # else no feed reader shows it
        with client.head(f"/media/{name}") as head:
            assert (head.status_code, head.data, head.content_length) == (200, b"", reply.content_length)
        with client.get(f"/media/{name}", headers={"If-None-Match": reply.headers["ETag"]}) as again:
            assert again.status_code == 304
        with client.get(f"/media/{name}", headers={"Range": "bytes=0-9"}) as part:
            assert (part.status_code, len(part.data)) == (206, 10)
    key = stored.key
    for name in (
        f"{key}-481.avif",
        f"{key}-480.jpg",
        f"{key}-0480.avif",
        f"{key}-480.avif.webp",
        f"{key}.jpg",
        f"{key}-",
        "..%2F..%2Fmasthead.db",
        f"..%2Fmedia%2F{key}-480.avif",
        "%2Fetc%2Fpasswd-480.avif",
    ):
        assert client.get(f"/media/{name}").status_code == 404, name


# --- at the desk ---------------------------------------------------------------------------------------------


@pytest.fixture
def desk(client: FlaskClient) -> FlaskClient:
    sign_in(client, make_editor())
    return client


def send(client: FlaskClient, *files: tuple[bytes, str], **more: str):  # type: ignore[no-untyped-def]
    sent = [FileStorage(io.BytesIO(data), name) for data, name in files]
    boundary, body = encode_multipart(MultiDict([*(("files", file) for file in sent), *more.items()]))
    return client.post("/desk/pictures", data=body, content_type=f"multipart/form-data; boundary={boundary}")


def pictures() -> list[Picture]:
    db.session.expire_all()
    return list(db.session.scalars(Picture.newest()))


def test_several_are_sent_at_once_and_each_error_is_said_beside_its_name(desk: FlaskClient) -> None:
    typed = {"credit": "Photograph: Ying", "licence": "CC BY 4.0", "source_url": "https://example.org/a"}
    reply = send(desk, (photograph(), "a.jpg"), (b"MZ", "b.exe"), (svg("<script/>"), "c.svg"), **typed)
    assert reply.status_code == 200
    assert "<b>b.exe.</b> This is no picture" in reply.text and "<b>c.svg.</b> This drawing holds" in reply.text
    assert all(f'value="{words}"' in reply.text for words in typed.values())
    (kept,) = pictures()
    assert (kept.name, kept.credit, kept.licence, kept.source_url) == (
        "a.jpg",
        *(typed[n] for n in ("credit", "licence", "source_url")),
    )
    again = send(desk, (photograph(), "same.jpg"), credit="Somebody else")
    assert again.location == f"/desk/pictures/{kept.id}"
    assert [(each.id, each.credit) for each in pictures()] == [(kept.id, "Photograph: Ying")]
    reply = send(desk, (photograph(size=(50, 50)), "d.jpg"), source_url="ftp://x")
    assert "beginning with https://" in reply.text and len(pictures()) == 1


def test_too_much_is_413_with_a_sentence(desk: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    reply = send(desk, (b"\0" * (MOST_BYTES + 5), "large.jpg"), (photograph(), "a.jpg"), credit="Photograph: Ying")
    assert reply.status_code == 413
    assert "<b>large.jpg.</b> This file is larger than 20 MB." in reply.text
    assert 'value="Photograph: Ying"' in reply.text and [each.name for each in pictures()] == ["a.jpg"]
    monkeypatch.setattr("blueprints.desk.pictures.MOST_TOGETHER", 100_000)
    reply = send(desk, (b"\0" * 200_000, "large.jpg"))
    assert reply.status_code == 413 and "none was kept" in reply.text


def test_only_editors_may_send_much_or_anything(client: FlaskClient) -> None:
    large = (b"\0" * (3 * 1024 * 1024), "large.jpg")
    assert send(client, large).status_code == 413
    assert "none was kept" not in send(client, large).text
    sign_in(client, make_account())
    assert send(client, large).status_code == 413
    assert send(client, (photograph(), "a.jpg")).status_code == 403
    assert pictures() == []


def test_the_library_finds_pages_and_escapes(desk: FlaskClient) -> None:
    keep(*(Picture(key=f"k{n}", content_type="image/png", width=1, height=1, name=f"photo {n}.png") for n in range(35)))
    keep(Picture(key="odd", content_type="image/png", width=1, height=1, name="<b>100%_x.png", alt="A <moon>"))
    page = desk.get("/desk/pictures").text
    assert "1 to 30 of 36" in page and "&lt;b&gt;100%_x.png" in page and 'alt="A &lt;moon&gt;"' in page
    assert "31 to 36 of 36" in desk.get("/desk/pictures?page=2").text
    assert "1 to 1 of 1" in desk.get("/desk/pictures?q=MOON").text
    assert "1 to 1 of 1" in desk.get("/desk/pictures?q=100%25_").text
    assert "No picture has these words" in desk.get("/desk/pictures?q=nowhere").text


def words(desk: FlaskClient, picture: Picture, **changed: str) -> dict[str, str]:
    before = re.search(r'name="before" type="hidden" value="(\w+)"', desk.get(f"/desk/pictures/{picture.id}").text)
    assert before
    typed = {"alt": "A [moon]", "caption": 'The "moon"', "credit": "Photo: Ying", "source_url": "", "licence": ""}
    return {**typed, "before": before[1], **changed}


def test_words_are_kept_and_a_change_meanwhile_is_shown(desk: FlaskClient, stored: Picture) -> None:
    address, typed = f"/desk/pictures/{stored.id}", words(desk, stored)
    assert desk.post(address, data=typed).status_code == 303
    page = desk.get(address).text
    assert f"![A \\[moon\\]](media:{stored.key} &#34;The \\&#34;moon\\&#34;. Photo: Ying&#34;)" in page
    late = desk.post(address, data={**typed, "caption": "Mine"})
    assert late.status_code == 409 and 'value="Mine"' in late.text and "The &#34;moon&#34;" in late.text
    assert desk.post(address, data={**words(desk, stored), "caption": "Mine"}).status_code == 303
    assert pictures()[0].caption == "Mine"


def test_a_picture_in_use_is_not_deleted_and_its_files_go_with_it(desk: FlaskClient, stored: Picture) -> None:
    media, address = Path(desk.application.config["DATA"], "media"), f"/desk/pictures/{stored.id}"
    head = make_article(picture=stored, title="Head story")
    text = make_article(f"![x](media:{stored.key})", title="Text story")
    live = make_article(kind=Kind.LIVEBLOG, title="Live story")
    entry = LiveEntry(article_id=live.id, at=NOON)
    entry.write(f"![x](media:{stored.key})")
    keep(entry)
    offer = make_offer(cover_key=stored.key)
    page = desk.get(address).text
    assert all(title in page for title in ("Head story", "Text story", "Live story", offer.title))
    for row in (head, text, live, offer):
        assert desk.post(address, data={"action": "delete"}).location == address
        assert len(pictures()) == 1 and len(list(media.iterdir())) == 1 + len(stored.copy_names())
        begin_write()
        if row is offer:
            row.cover_key = ""
        elif row is head:
            row.picture = None
        elif row is text:
            row.write("Nothing.")
        else:
            db.session.delete(entry)
        db.session.commit()
    assert "Nowhere yet" in desk.get(address).text
    assert desk.post(address, data={"action": "delete"}).location == "/desk/pictures"
    assert pictures() == [] and list(media.iterdir()) == []


def story_form(**more: str) -> dict[str, str]:
    return {
        "action": "save",
        "title": "A story",
        "source": "Words.",
        "access": "free",
        "kind": "article",
        "saved_at": "",
        **more,
    }


def test_a_story_takes_a_picture_with_its_words(desk: FlaskClient, stored: Picture) -> None:
    begin_write()
    stored.alt, stored.caption, stored.credit = "A moon", "At night", "Photo: Ying"
    db.session.commit()
    assert f'value="{stored.key}"' in desk.get("/desk/articles/new").text
    assert (
        desk.post("/desk/articles/new", data=story_form(picture=stored.key, picture_caption="Mine")).status_code == 303
    )
    story = db.session.scalars(db.select(Article)).one()
    assert (story.picture, story.picture_alt, story.picture_caption, story.picture_credit) == (
        (stored, "A moon", "Mine", "Photo: Ying")
    )
    again = story_form(picture=stored.key, picture_alt="A", picture_caption="", saved_at=story.saved_at.isoformat())
    assert desk.post(f"/desk/articles/{story.id}", data=again).status_code == 303
    db.session.expire_all()
    assert (story.picture_alt, story.picture_caption) == ("A", "")  # emptied by hand: it stays empty
    other = keep(Picture(key="other", content_type="image/png", width=1, height=1, alt="Other"))
    typed = story_form(picture=stored.key, picture_key="media:other", saved_at=story.saved_at.isoformat())
    assert desk.post(f"/desk/articles/{story.id}", data=typed).status_code == 303
    db.session.expire_all()
    assert (story.picture, story.picture_alt) == (other, "Other")
    wrong = story_form(picture_key="nowhere", saved_at=story.saved_at.isoformat(), title="Typed")
    reply = desk.post(f"/desk/articles/{story.id}", data=wrong)
    assert "There is no picture with this key" in reply.text and 'value="Typed"' in reply.text


def test_a_picture_that_is_kept_twice_at_once_is_one_row(app: Flask) -> None:
    made = [store(app.config["DATA"] / "media", photograph(), "a.jpg") for _ in range(2)]
    begin_write()
    rows = [Picture.keep(each) for each in made]
    db.session.commit()
    assert rows[0] is rows[1] and len(pictures()) == 1
