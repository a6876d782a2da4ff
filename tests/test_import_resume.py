"""An import that was stopped goes on where it was, and ends with the same site."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy
from flask import Flask

from models import Article, Comment, Redirect, db
from tests.conftest import open_site
from tests.wxr_tools import SITE, export, item, jpeg, large_export, run

ROOT = Path(__file__).parent.parent
POSTS = 200


def contents() -> list[tuple]:
    """Everything that was imported, without the numbers of its rows."""
    db.session.rollback()
    slugs = dict(db.session.execute(db.select(Article.id, Article.slug)).all())
    keys = dict(db.session.execute(db.select(Comment.id, Comment.imported_from)).all())
    stories = [
        (a.slug, a.title, a.body_html, a.imported_from, a.category and a.category.slug, *(t.slug for t in a.tags))
        + tuple(author.slug for author in a.authors)
        for a in db.session.scalars(db.select(Article).order_by(Article.imported_from))
    ]
    replies = [
        (slugs[c.article_id], c.imported_from, keys.get(c.parent_id or 0), c.body_html)
        for c in db.session.scalars(db.select(Comment).order_by(Comment.imported_from))
    ]
    redirects = [(r.path, r.target) for r in db.session.scalars(db.select(Redirect).order_by(Redirect.path))]
    return [*stories, *replies, *redirects]


def start(settings: dict, file: Path) -> subprocess.Popen[str]:
    given = {name: str(value) for name, value in settings.items() if name != "TESTING"}
    return subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "app", "import-wordpress", str(file)],
        cwd=ROOT,
        env={**os.environ, **given},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for_stories(running: subprocess.Popen[str]) -> int:
    """How many are stored once there are some; it must still run then."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        db.session.rollback()
        stored = db.session.scalar(db.select(sqlalchemy.func.count(Article.id))) or 0
        assert running.poll() is None, running.communicate()
        if stored:
            return stored
        time.sleep(0.01)
    raise AssertionError("nothing was stored")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_stopped_import_goes_on(settings: dict, tmp_path: Path, how: signal.Signals) -> None:
    file = large_export(tmp_path / "large.xml", POSTS)
    app = open_site(settings)
    whole = open_site({**settings, "DATA": tmp_path / "whole", "DATABASE_URL": ""})
    with whole.app_context():
        run(whole, file)
        expected = contents()
        db.session.remove()
        db.engine.dispose()
    with app.app_context():
        running = start(settings, file)
        wait_for_stories(running)
        running.send_signal(how)
        _, said = running.communicate(timeout=60)
        db.session.rollback()
        stored = db.session.scalar(db.select(sqlalchemy.func.count(Article.id))) or 0
        assert 0 < stored < POSTS and stored % 50 == 0
        if how is signal.SIGINT:
            assert running.returncode == 130 and f"Stopped. {stored} stories of the file are stored." in said
            assert "Traceback" not in said
        report = run(app, file)
        assert f"{POSTS - stored}  posts, published" in report and f"{stored}  posts\n" in report
        assert contents() == expected
        db.session.remove()
        db.engine.dispose()


def test_stories_are_stored_in_batches_outside_which_nothing_is_locked(settings: dict, tmp_path: Path) -> None:
    """While the import renders, somebody else writes: each batch is a transaction of its own, and a short one."""
    app = open_site(settings)
    file = large_export(tmp_path / "large.xml", POSTS)
    with app.app_context():
        running = start(settings, file)
        stored = wait_for_stories(running)
        from tests.makers import make_category

        make_category(slug="made-meanwhile")
        assert stored < POSTS
        out, said = running.communicate(timeout=120)
        assert running.returncode == 0, said
        assert f"{POSTS}  posts, published" in out
        db.session.remove()
        db.engine.dispose()


def test_an_address_taken_meanwhile_stops_it_and_the_next_run_finds_another(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The desk may use an address that the first reading had found free."""
    from blueprints.ops.wordpress import command
    from tests.makers import make_article

    def settle_and_take(*given):  # type: ignore[no-untyped-def]
        answers = settle(*given)
        make_article(slug="story-60", title="The desk's own")
        return answers

    settle = command.settle
    monkeypatch.setattr(command, "settle", settle_and_take)
    file = large_export(tmp_path / "large.xml", 70)
    result = app.test_cli_runner().invoke(args=["import-wordpress", str(file)])
    assert result.exit_code == 1 and "50 stories of the file are stored. Run it again" in result.output
    monkeypatch.setattr(command, "settle", settle)
    run(app, file)
    db.session.rollback()
    found = Article.by_slug("story-60-2")
    assert found and found.title == "Story 60"


def test_a_picture_stored_before_the_crash_is_found_again(app: Flask, tmp_path: Path) -> None:
    """The file is written before the row: what was cut off between the two costs nothing and leaves nothing behind."""
    from models import picture_files

    folder = tmp_path / "uploads" / "2021" / "03"
    folder.mkdir(parents=True)
    (folder / "boat.jpg").write_bytes(jpeg())
    picture_files.store(app.config["DATA"] / "media", jpeg(), "boat.jpg")
    before = set((app.config["DATA"] / "media").iterdir())
    file = export(tmp_path, item(1, f'<img src="{SITE}/wp-content/uploads/2021/03/boat.jpg">'))
    run(app, file, "--media", tmp_path / "uploads")
    assert set((app.config["DATA"] / "media").iterdir()) == before
    found = Article.by_slug("story-1")
    assert found and "/media/" in found.body_html
