"""`flask export DIR`: the whole magazine as files."""

from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext
from tqdm import tqdm

from blueprints.ops.exporting.folder import NotWritten, replacing
from blueprints.ops.exporting.writing import Writer, begin_reading, how_many
from models import (
    Account,
    Article,
    Code,
    Comment,
    Contribution,
    Correction,
    Donation,
    Order,
    Page,
    Payment,
    Picture,
    Redirect,
    db,
)

COUNTED = (Article, Comment, Page, Picture, Correction, Contribution, Account, Redirect, Payment, Donation, Order, Code)


@click.command("export")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@with_appcontext
def export(folder: Path) -> None:
    """Write everything into DIR: stories and pages as Markdown with front matter, pictures, comments, money as CSV.

    DIR must be new, empty, or an earlier export, which is replaced. It will hold people's e-mail addresses: it is a
    backup, not for publishing.
    """
    data = Path(current_app.config["DATA"])
    try:
        with replacing(folder) as fresh:
            begin_reading()
            with tqdm(total=how_many(*COUNTED), unit=" rows", disable=None, leave=False) as bar:
                writer = Writer(fresh, data, bar.update)
                writer.write()
            db.session.rollback()
    except NotWritten as why:
        raise click.ClickException(str(why)) from None
    click.echo(f"The magazine is in {folder}")
    for what, number in writer.counts.items():
        if number:
            click.echo(f"  {number:>6}  {what}")
    for name in writer.missing:
        click.echo(f"  {name} is named but not there: it is missing from the export, too.", err=True)
    click.echo("It holds people's e-mail addresses. Keep it as you keep the database.")
