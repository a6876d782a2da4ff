"""`flask import-folder DIR`: a magazine that `flask export` wrote, into an empty site."""

import shutil
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TypeVar

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import select
from tqdm import tqdm

from blueprints.ops.exporting import booking, ledgers, shapes, storing, taking
from blueprints.ops.exporting.folder import inside
from blueprints.ops.exporting.reading import Folder, look
from blueprints.ops.exporting.yaml_files import NotTaken
from models import Article, Page, Picture, begin_write, db
from models.drawing import Unsafe, cleaned
from models.picture import ENDINGS

BATCH = 50
UNFINISHED = "import-folder.unfinished"  # in DATA, while an import runs or after one was stopped
T = TypeVar("T")


@click.command("import-folder")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Look through the folder and say what is in it; change nothing.")
@with_appcontext
def import_folder(folder: Path, dry_run: bool) -> None:
    """Take a folder that `flask export` wrote into a site without stories. One that was stopped is run again.

    Stories keep their addresses and comments theirs, gifts and orders their numbers at Stripe. People sign in by a link
    or ask for a new password.
    """
    data = Path(current_app.config["DATA"])
    mark = data / UNFINISHED
    try:
        found = look(folder)
        _refuse_stories(mark, folder)
        if not dry_run:
            data.mkdir(parents=True, exist_ok=True)
            mark.write_text(str(folder.resolve()), encoding="utf-8")
            _take(found, data)
            mark.unlink()
    except NotTaken as why:
        db.session.rollback()
        raise click.ClickException(str(why)) from None
    except KeyboardInterrupt:
        db.session.rollback()
        raise click.ClickException("Stopped. Run it again: it goes on from there.") from None
    _say(found, folder, dry_run)


def _refuse_stories(mark: Path, folder: Path) -> None:
    goes_on = mark.exists() and mark.read_text(encoding="utf-8") == str(folder.resolve())
    if not goes_on and db.session.scalar(select(Article.id).limit(1)) is not None:
        raise NotTaken("This site has stories already. A folder is taken into an empty site. Nothing was changed.")


def _take(folder: Folder, data: Path) -> None:
    numbers = taking.Numbers(folder)
    with tqdm(total=folder.counts["stories"], unit=" stories", disable=None, leave=False) as bar:
        _take_pictures(folder, data, numbers)
        begin_write()
        storing.store_magazine(folder.magazine)
        db.session.commit()
        _take_table(folder.path / "accounts.csv", storing.store_accounts)
        _take_table(folder.path / "redirects.csv", storing.store_redirects)
        for pages in _batches(taking.page(*given) for given in folder.pages()):
            _store_pages(pages)
        for batch in _batches(taking.made(folder, numbers)):
            db.session.rollback()  # what was asked while they were made
            begin_write()
            storing.store_stories(batch)
            db.session.commit()
            db.session.expunge_all()
            bar.update(len(batch))
    for letters in _batches(folder.letters()):
        begin_write()
        storing.store_letters(folder, letters)
        db.session.commit()
    for name, store in booking.TABLES.items():
        _take_table(folder.path / f"{name}.csv", store)
    begin_write()
    storing.catch_up()
    db.session.commit()


def _take_table(path: Path, store: Callable[[list[dict[str, str]]], object]) -> None:
    for lines in _batches(ledgers.read(path) if path.exists() else ()):
        begin_write()
        store(lines)
        db.session.commit()


def _take_pictures(folder: Folder, data: Path, numbers: taking.Numbers) -> None:
    """Files first, then the rows that name them. What is sold likewise."""
    (data / "files").mkdir(parents=True, exist_ok=True)
    sold = folder.path / "files"
    for path in sorted(sold.rglob("*")) if sold.is_dir() else ():
        if path.is_file():
            _copy(path, data / "files" / path.relative_to(sold))
    for batch in _batches(_pictures(folder, data, numbers)):
        begin_write()
        here = set(db.session.scalars(select(Picture.key).where(Picture.key.in_({row.key for row in batch}))))
        db.session.add_all(row for row in batch if row.key not in here)
        db.session.commit()
        db.session.expunge_all()


def _pictures(folder: Folder, data: Path, numbers: taking.Numbers) -> Iterator[Picture]:
    for where, given in folder.pictures():
        taking.checked_key(given, where)
        picture = Picture(**numbers.of("picture", shapes.PICTURE.read(given, where)))
        if picture.content_type not in ENDINGS:
            raise NotTaken(f"{where} is of the type {picture.content_type}, which no picture here has.")
        if not all(width.isascii() and width.isdigit() for width in picture.widths.split()):
            raise NotTaken(f"{where} has widths that are no numbers.")
        for name in (picture.file_name, *picture.copy_names()):
            source, target = inside(folder.path / "media", name), inside(data / "media", name)
            if source is None or target is None or not source.is_file():
                click.echo(f"  media/{name} is named but not there.", err=True)
                continue
            if picture.content_type == "image/svg+xml":
                _check_drawing(source, f"media/{name}")
            _copy(source, target)
        yield picture


def _check_drawing(path: Path, where: str) -> None:
    try:
        cleaned(path.read_bytes())
    except Unsafe as why:
        raise NotTaken(f"{where} is not taken. {why}") from None


def _copy(source: Path, target: Path) -> None:
    """What is there already stays: its name says what is in it."""
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_name(f".{target.name}.unfinished")
        shutil.copyfile(source, unfinished)
        unfinished.rename(target)


def _store_pages(pages: list[Page]) -> None:
    begin_write()
    here = set(db.session.scalars(select(Page.slug).where(Page.slug.in_({page.slug for page in pages}))))
    db.session.add_all(page for page in pages if page.slug not in here)
    db.session.commit()


def _batches(rows: Iterable[T]) -> Iterator[list[T]]:
    waiting = iter(rows)
    while some := list(islice(waiting, BATCH)):
        db.session.rollback()
        yield some


def _say(found: Folder, folder: Path, dry_run: bool) -> None:
    click.echo(f"{folder} holds" if dry_run else f"Taken from {folder}")
    for what in ("stories", "comments", "pages", "pictures", "letters"):
        click.echo(f"  {found.counts[what]:>6}  {what}")
    if dry_run:
        click.echo("A dry run: nothing was changed.")
        return
    click.echo("Accounts came without passwords: their owners sign in by a link, or ask for a new password.")
    click.echo("What Stripe did since the folder was written is not in it: flask reconcile asks for that.")
