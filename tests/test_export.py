"""The magazine as a folder: pleasant to read, safe to open, and the same site again when it is read back."""

import csv
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml
from flask import Flask

from blueprints.ops.exporting import writing
from blueprints.ops.exporting.taking import rendered
from blueprints.ops.exporting.yaml_files import joined, parted, safe_name
from models import (
    Account,
    Article,
    Code,
    Comment,
    Contribution,
    Correction,
    Donation,
    LiveEntry,
    Order,
    Page,
    Payment,
    Picture,
    ReadStory,
    Redemption,
    Redirect,
    SavedStory,
    Series,
    Term,
    begin_write,
    db,
)
from models.article import Kind, SourceFormat, Status
from models.code import RedemptionState
from models.comment import CommentState
from models.contribution import CorrectionState
from models.csv_cells import guarded, unguarded
from models.metering import Access
from models.money import Money, major
from models.order import OrderStatus
from models.patronage import DonationStatus, Frequency, is_patron
from models.payment import PaymentKind
from tests.conftest import browser, open_site
from tests.makers import NOON, keep, make_account, make_article, make_category, make_code, make_offer, make_patron
from tests.test_import_resume import ROOT, wait_for_stories
from tests.test_import_wordpress import everything

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="10" height="20"><circle r="4"/></svg>'


def run(app: Flask, *arguments: str | Path, code: int = 0) -> str:
    result = app.test_cli_runner().invoke(args=[str(each) for each in arguments], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output


@contextmanager
def another_site(tmp_path: Path, name: str = "other") -> Iterator[Flask]:
    """An empty site of its own, on SQLite."""
    app = open_site(
        {
            "DATA": tmp_path / name,
            "SECRET_KEY": "another",
            "SITE_URL": "http://127.0.0.1:5000",
            "STRIPE_SECRET_KEY": "sk_test_masthead",
            "STRIPE_WEBHOOK_SECRETS": "whsec_for_tests",
            "STRIPE_API_BASE": "http://127.0.0.1:1",
            "TESTING": True,
        }
    )
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def files(folder: Path) -> dict[str, bytes]:
    """Every file by its name in the folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def pages_of(app: Flask) -> dict[str, str]:
    """What a visitor gets at every address there is, without what is another site's for good reason."""
    reader, found = browser(app), {}
    slugs = [f"/articles/{slug}" for slug in db.session.scalars(db.select(Article.slug))]
    slugs += [f"/{slug}" for slug in db.session.scalars(db.select(Page.slug))]
    for address in [*slugs, "/", "/popular", "/feed.xml"]:
        answer = reader.get(quote(address))
        shown = re.sub(r"(?<=value=\")[\w.-]{20,}(?=\")", "a token", answer.text)
        found[address] = f"{answer.status_code} {shown}"
    return found


def odd_things(app: Flask) -> None:
    """What the demo magazine has not."""
    account = make_account("=cmd|calc@reader.example", name='=HYPERLINK("http://spy.example")')
    series = keep(Series(slug="boats", title="Boats", description="All of them"))
    story = make_article(
        "Line one\r\n\r\n  indented  \n\n---\n\nNo end\t",
        slug="归舟-" + "很" * 60,
        title='yes: no # "归舟" \u2028 🛳',
        standfirst="- not a list\nin two lines",
        category=make_category(slug="odd", name="Odd", hanzi="怪"),
        series_id=series.id,
        series_position=2,
        access=Access.PATRONS,
        status=Status.DRAFT,
        published_at=None,
        is_lead=True,
        heat=12.345678901234567,
    )
    begin_write()
    html = Article(slug="con", title="2024", imported_from="wp:1", status=Status.PUBLISHED, published_at=NOON)
    html.write('\n<p class="x">Im&shy;ported <b>微博</b></p>\n\n', SourceFormat.HTML)
    live = Article(slug="a-liveblog", title="Live", kind=Kind.LIVEBLOG, status=Status.PUBLISHED, published_at=NOON)
    live.opened_at, live.live_version = NOON, 7
    gone = LiveEntry(at=NOON, removed_at=NOON, version=3)
    gone.write("Taken back")
    entry = LiveEntry(at=NOON, is_pinned=True, version=7, correction="Not nine", corrected_at=NOON)
    entry.write("Ten[^1]\n\n[^1]: A note.")
    live.entries = [gone, entry]
    db.session.add_all([html, live])
    db.session.flush()
    comment = Comment(article_id=html.id, name="Robin", email="robin@reader.example", account_id=account.id)
    comment.write("A *small* text #归舟#\n\nwith https://example.org")
    comment.state, comment.written_at = CommentState.APPROVED, NOON
    db.session.add(comment)
    db.session.flush()
    ping = Comment(article_id=html.id, kind="pingback", state=CommentState.SPAM, body_html="<p>Ping\xa0x</p>")
    ping.parent_id, ping.imported_from, ping.written_at = comment.id, "wp:c1", NOON
    note = Correction(article_id=html.id, state=CorrectionState.ACCEPTED, note="Ten", noted_at=NOON, body="nine?")
    other = Correction(article_id=story.id, body="A mistake", email="m@reader.example", sent_at=NOON)
    db.session.add_all(
        [ping, note, other, Contribution(body="A tip\r\n=1+1", subject="+1"), Term(hanzi="归", pinyin="guī")]
    )
    db.session.add(Redirect(path="/?p=42", target="/articles/con"))
    db.session.commit()


@pytest.fixture
def shop(app: Flask) -> Order:
    """An order with a refund, and a code that was used."""
    offer = make_offer()
    code = make_code(offer)
    edition = offer.editions[0]
    order = Order(edition_id=edition.id, title="+Report", email="-b@reader.example", list_price=Money(2900, "EUR"))
    order.saving, order.total, order.code_text, order.status = (
        Money(0, "EUR"),
        Money(2900, "EUR"),
        code.text,
        OrderStatus.PAID,
    )
    keep(order)
    keep(
        Payment(kind=PaymentKind.CHARGE, stripe_id="pi_1", amount=Money(2900, "EUR"), order_id=order.id, moved_at=NOON),
        Payment(kind=PaymentKind.REFUND, stripe_id="re_1", amount=Money(-905, "EUR"), order_id=order.id, moved_at=NOON),
        Payment(kind=PaymentKind.CHARGE, stripe_id="pi_2", amount=Money(500, "JPY"), card="@x", moved_at=NOON),
    )
    return order


def money_and_reading(order_id: int) -> None:
    """A patron who stopped, a use of a code, a checkout that is open, and what somebody saved and read."""
    account, code = make_account("giver@reader.example"), db.session.scalars(db.select(Code).limit(1)).one()
    story = db.session.scalars(db.select(Article).order_by(Article.id).limit(1)).one()
    keep(
        Donation(
            email=account.email,
            account_id=account.id,
            frequency=Frequency.MONTH,
            amount=Money(1000, "EUR"),
            status=DonationStatus.PAID,
            paid_at=NOON,
            patron_until=NOON + timedelta(days=33),
            stops_at=NOON + timedelta(days=30),
            customer="cus_1",
            subscription="sub_1",
            checkout_session="cs_1",
        ),
        Donation(
            email="-x@reader.example",
            frequency=Frequency.ONCE,
            amount=Money(500, "JPY"),
            checkout_session="cs_2",
            checkout_expires_at=NOON,
        ),
        Redemption(code_id=code.id, order_id=order_id, state=RedemptionState.USED, expires_at=NOON, over_limit=True),
        SavedStory(account_id=account.id, article_id=story.id, saved_at=NOON),
        ReadStory(account_id=account.id, article_id=story.id, read_at=NOON + timedelta(minutes=3)),
    )


def test_the_same_site_again(app: Flask, tmp_path: Path, shop: Order) -> None:
    number = shop.id
    run(app, "demo")
    odd_things(app)
    money_and_reading(number)
    run(app, "export", tmp_path / "one")
    receipts = [row.receipt_number for row in Payment.of_order(number)]
    used = {code.text: code.used() for code in db.session.scalars(db.select(Code))}
    assert 1 in used.values()
    before = pages_of(app)
    with another_site(tmp_path) as other:
        run(other, "import-folder", tmp_path / "one")
        run(other, "export", tmp_path / "two")
        first, second = files(tmp_path / "one"), files(tmp_path / "two")
        assert first.keys() == second.keys()
        assert [name for name in first if first[name] != second[name]] == []
        after = pages_of(other)
        assert after.keys() == before.keys()
        assert [address for address in before if before[address] != after[address]] == []
        patron = db.session.scalars(db.select(Account).where(Account.email == "giver@reader.example")).one()
        assert is_patron(patron, NOON), "who gave may read what gifts open"
        order = db.session.scalars(db.select(Order).where(Order.email == "-b@reader.example")).one()
        assert [row.receipt_number for row in Payment.of_order(order.id)] == receipts
        assert {code.text: code.used() for code in db.session.scalars(db.select(Code))} == used


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ("money/gifts", {"id": "g", "frequency": "weekly", "amount_minor": "500", "currency": "EUR"}),
        ("money/gifts", {"id": "g", "frequency": "once", "amount_minor": "5.00", "currency": "EUR", "email": "a@b.c"}),
        ("money/orders", {"id": "o", "offer": "nowhere", "edition": "pro"}),
        ("money/payments", {"receipt": "none", "stripe_id": "pi_1"}),
        ("money/payments", {"receipt": "2026-000001", "stripe_id": "pi_1", "moved_at": "yesterday"}),
    ],
)
def test_a_line_of_money_that_is_none_is_told(app: Flask, folder: Path, table: str, line: dict[str, str]) -> None:
    (folder / "money").mkdir(exist_ok=True)
    with (folder / f"{table}.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(line))
        writer.writeheader()
        writer.writerow(line)
    said = run(app, "import-folder", folder, code=1)
    assert "Traceback" not in said and ("csv" in said or "table" in said)
    assert db.session.scalar(db.select(Payment.id)) is None and db.session.scalar(db.select(Order.id)) is None


def test_numbers_go_on_after_those_that_came(app: Flask, tmp_path: Path) -> None:
    """Stories keep their numbers; the next one gets a free one, on both databases."""
    with another_site(tmp_path) as other:
        for _ in range(3):
            make_article(category=make_category())
        run(other, "export", tmp_path / "one")
    run(app, "import-folder", tmp_path / "one")
    numbers = set(db.session.scalars(db.select(Article.id)))
    assert make_article(slug="the-next").id not in numbers and len(numbers) == 3


def test_two_exports_are_the_same_bytes(app: Flask, tmp_path: Path) -> None:
    run(app, "demo")
    run(app, "export", tmp_path / "one")
    first = files(tmp_path / "one")
    run(app, "export", tmp_path / "one")  # in the place of the first
    run(app, "export", tmp_path / "two")
    assert first == files(tmp_path / "one") == files(tmp_path / "two")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "one", "two"]
    assert (tmp_path / "one").stat().st_mode & 0o077 == 0


def test_a_story_is_pleasant_to_read(app: Flask, tmp_path: Path) -> None:
    run(app, "demo")
    run(app, "export", tmp_path / "out")
    text = (tmp_path / "out/articles/a-short-history-of-the-sofa.md").read_text()
    lines = text.splitlines()
    assert lines[0] == "---" and "access: members" in lines and "category: culture" in lines
    assert "  - 沙发: Sofa, shāfā, the first reply to a message" in lines and "format: markdown" in lines
    head, body = parted(text, "it")
    assert head["title"] == "A short history of the sofa" and head["picture_focus"] == "45% 60%"
    assert head["date"].tzinfo and head["authors"] == ["anlan-duinweg"]
    story = Article.by_slug("a-short-history-of-the-sofa")
    assert story and body == story.source
    assert max(map(len, text.split("---")[1].splitlines())) < 130


def test_no_password_leaves(app: Flask, tmp_path: Path) -> None:
    account = make_account("robin@reader.example")
    password_hash, public_id = account.password_hash, account.public_id
    run(app, "export", tmp_path / "out")
    written = b"".join(files(tmp_path / "out").values()).decode()
    assert password_hash and password_hash not in written and "scrypt" not in written
    with another_site(tmp_path) as other:
        run(other, "import-folder", tmp_path / "out")
        taken = db.session.scalars(db.select(Account)).one()
        assert (taken.email, taken.password_hash, taken.public_id) == ("robin@reader.example", None, public_id)


def test_money_is_told_in_both_units_and_no_cell_acts(app: Flask, tmp_path: Path, shop: Order) -> None:
    make_patron("=1+1@reader.example")
    public_id = shop.public_id
    run(app, "export", tmp_path / "out")
    with (tmp_path / "out/money/payments.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    sums = [
        (row["amount"], row["currency"], row["amount_minor"])
        for row in rows
        if row["stripe_id"] in {"pi_1", "re_1", "pi_2"}
    ]
    assert sums == [("29.00", "EUR", "2900"), ("-9.05", "EUR", "-905"), ("500", "JPY", "500")]
    assert unguarded(rows[0]["order"]) == public_id and rows[0]["moved_at"] == "2026-11-20T12:00:00Z"
    with (tmp_path / "out/money/orders.csv").open(newline="") as file:
        order = next(csv.DictReader(file))
    assert order["title"] == "'+Report" and order["email"] == "'-b@reader.example" and order["total"] == "29.00"
    for name in ("payments", "gifts", "orders", "codes"):
        with (tmp_path / f"out/money/{name}.csv").open(newline="") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        assert not [cell for cell in cells if cell[:1] in "=+-@\t" and cell and not re.fullmatch(r"-?[\d.]+", cell)]


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\tx", "'=1", "''-", "'plain", "plain", "", "a=b", "'"])
def test_a_guarded_cell_can_be_read_back(cell: str) -> None:
    assert unguarded(guarded(cell)) == cell
    assert guarded(cell)[:1] not in {"=", "+", "-", "@", "\t"}
    assert major(Money(1234, "KWD")) == Decimal("1.234")


def test_other_folders_are_left_alone(app: Flask, tmp_path: Path) -> None:
    make_article(category=make_category())
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes/mine.txt").write_text("mine")
    assert "holds other things" in run(app, "export", tmp_path / "notes", code=1)
    assert "is a file" in run(app, "export", tmp_path / "notes/mine.txt", code=1)
    run(app, "export", tmp_path / "out")
    (tmp_path / "out/.git").mkdir()
    assert "holds .git, which no export wrote" in run(app, "export", tmp_path / "out", code=1)
    assert (tmp_path / "notes/mine.txt").read_text() == "mine" and (tmp_path / "out/.git").is_dir()


def test_a_failed_export_leaves_the_last_one(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_article(category=make_category())
    run(app, "export", tmp_path / "out")
    before = files(tmp_path / "out")
    make_article(slug="another")

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing.ledgers, "write", full)
    assert "No space left on device" in run(app, "export", tmp_path / "out", code=1)
    assert files(tmp_path / "out") == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "out"]


def test_a_site_with_stories_takes_no_folder(app: Flask, tmp_path: Path) -> None:
    make_article(category=make_category())
    run(app, "export", tmp_path / "out")
    before = everything()
    assert "This site has stories already." in run(app, "import-folder", tmp_path / "out", code=1)
    assert everything() == before


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small folder, as a person might write it by hand."""
    folder = tmp_path / "folder"
    (folder / "articles").mkdir(parents=True)
    (folder / "comments").mkdir()
    (folder / "media").mkdir()
    (folder / "magazine.yaml").write_text("masthead: 1\ncategories:\n  - {slug: news, name: News}\n")
    (folder / "articles/by-hand.md").write_text(
        "---\r\ntitle: 2026\r\naccess: members\r\ncategory: news\r\ndate: 2026-11-20\r\nstatus: published\r\n"
        "tags: [Boats, {归舟: Homeward}]\r\ncorrections: [{date: 2026-11-21, note: Ten}]\r\n---\r\nWords **微博**.\r\n"
    )
    return folder


def test_a_folder_written_by_hand_is_taken(app: Flask, folder: Path) -> None:
    assert "A dry run" in run(app, "import-folder", folder, "--dry-run") and not Article.by_slug("by-hand")
    run(app, "import-folder", folder)
    story = Article.by_slug("by-hand")
    assert story and story.title == "2026" and story.access is Access.MEMBERS
    assert story.published_at == datetime(2026, 11, 20, tzinfo=UTC)
    assert {tag.name: tag.meaning for tag in story.tags} == {"Boats": "", "归舟": "Homeward"}
    assert "<strong" in story.body_html and [note.note for note in story.notes] == ["Ten"]


def broken(folder: Path, name: str, text: str | bytes) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("magazine.yaml", "masthead: 9\n", "a form that this version does not read"),
        ("magazine.yaml", "masthead: 1\ncategories: [{name: x}]\n", "does not say its “slug”"),
        ("magazine.yaml", "masthead: 1\n  a: b: c\n", "magazine.yaml is not sound YAML (line"),
        ("articles/x.md", "no front matter", "articles/x.md does not begin with front matter"),
        ("articles/x.md", "---\naccess: everybody\n---\n", "“access: everybody”, which is none of free, metered"),
        ("articles/x.md", "---\ntitle: [a]\n---\n", "articles/x.md has a “title” of the wrong kind"),
        ("articles/x.md", "---\ncategory: none\n---\n", "names “none”, which magazine.yaml does not have"),
        ("articles/x.md", "---\nslug: by-hand\n---\n", "has the slug “by-hand”, as articles/by-hand.md has"),
        ("articles/x.md", "---\nentries: [{at: soon}]\n---\n", "has a “at” of the wrong kind"),
        ("articles/x.md", b"---\ntitle: \xe9\n---\n", "is not text in UTF-8"),
        ("articles/x.md", "---\na: !!python/object/apply:os.system [id]\n---\n", "is not sound YAML"),
        ("comments/by-hand.yaml", "comments: [{state: loud}]", "“state: loud”"),
        ("letters.yaml", "---\nletter: tip\nsent: never\n", "letters.yaml has a “sent” of the wrong kind"),
    ],
)
def test_what_is_wrong_is_said_before_anything_changes(
    app: Flask, folder: Path, name: str, text: str | bytes, sentence: str
) -> None:
    broken(folder, name, text)
    before = everything()
    assert sentence in run(app, "import-folder", folder, code=1)
    assert everything() == before and not list((app.config["DATA"]).glob("*.unfinished"))


@pytest.mark.parametrize(
    ("given", "file", "sentence"),
    [
        ("key: ../../evil", b"", "has a key that no picture can have"),
        ("key: evil", SVG.replace(b"<circle", b"<script>alert(1)</script><circle"), "media/evil.svg is not taken"),
        ("key: evil\ncontent_type: text/html", b"<p>", "of the type text/html"),
        ("key: evil\nwidths: 480 ../x", b"", "widths that are no numbers"),
    ],
)
def test_a_picture_leads_nowhere_and_does_nothing(
    app: Flask, folder: Path, given: str, file: bytes, sentence: str
) -> None:
    kind = "" if "content_type" in given else "\ncontent_type: image/svg+xml"
    broken(folder, "media/evil.yaml", f"{given}{kind}\nwidth: 10\nheight: 20\n")
    broken(folder, "media/evil.svg", file)
    assert sentence in run(app, "import-folder", folder, code=1)
    assert db.session.scalar(db.select(Picture.id)) is None and Article.by_slug("by-hand") is None


def test_hostile_html_is_cleaned_again(app: Flask, folder: Path) -> None:
    evil = '<p onclick=x>Hi<script>x</script><img src=https://spy.example/p><a href="javascript:x">y</a></p>'
    broken(folder, "comments/by-hand.yaml", f"comments:\n  - state: approved\n    name: X\n    html: '{evil}'\n")
    broken(folder, "articles/live.md", f"---\nkind: liveblog\nentries:\n  - at: 2026-11-20\n    html: '{evil}'\n---\n")
    run(app, "import-folder", folder)
    found = [*db.session.scalars(db.select(Comment.body_html)), *db.session.scalars(db.select(LiveEntry.body_html))]
    assert len(found) == 2
    for html in found:
        assert "Hi" in html and not re.search("onclick|script|spy", html), html
    kept = '<p lang="zh">微<span class="hashtag" lang="zh">#归#</span> <a href="/x" rel="nofollow ugc">\xa0y</a></p>'
    assert rendered(kept) == kept


def test_a_killed_import_goes_on(settings: dict, tmp_path: Path) -> None:
    with another_site(tmp_path) as other:
        category = make_category()
        begin_write()
        for number in range(160):
            story = Article(slug=f"story-{number}", title="T", status=Status.PUBLISHED, category_id=category.id)
            story.published_at = NOON - timedelta(hours=number)
            story.write("Words 微博.\n\n" * 30)
            db.session.add(story)
        db.session.commit()
        run(other, "export", tmp_path / "one")
    app = open_site(settings)
    with app.app_context():
        given = {name: str(value) for name, value in settings.items() if name != "TESTING"}
        command = [sys.executable, "-m", "flask", "--app", "app", "import-folder", str(tmp_path / "one")]
        pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        running = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **given}, **pipes)
        stored = wait_for_stories(running)
        running.send_signal(signal.SIGKILL)
        running.communicate(timeout=60)
        db.session.rollback()
        assert 0 < stored < 160
        shutil.copytree(tmp_path / "one", tmp_path / "copy")
        assert "has stories already" in run(app, "import-folder", tmp_path / "copy", code=1)  # another folder
        run(app, "import-folder", tmp_path / "one")
        run(app, "export", tmp_path / "two")
        assert files(tmp_path / "one") == files(tmp_path / "two")
        db.session.remove()
        db.engine.dispose()


@pytest.mark.parametrize("slug", ["story", "归舟", "Story", "..", "a/b", "con", "x" * 300, "归" * 100, "", "a.b", "-a"])
def test_every_slug_has_a_safe_name_of_its_own(slug: str) -> None:
    name = safe_name(slug)
    assert re.fullmatch(r"[^\W_][\w-]*", name) and len(name.encode()) <= 120 and name not in {"con", "."}
    assert name == slug or name != safe_name(slug + "x")


@pytest.mark.parametrize("text", ["", "a", "\na", "a\n", "---\nb\n---\n", "\r\na\r\n", "\n\n\n"])
def test_a_text_comes_back_as_it_was(text: str) -> None:
    assert parted(joined({"title": "---", "x": "a\n---\nb"}, text), "it") == ({"title": "---", "x": "a\n---\nb"}, text)
    assert yaml.safe_load(joined({"a": 1}, "")[4:-5]) == {"a": 1}
