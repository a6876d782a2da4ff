"""`flask import-wordpress`: the one edge of the import. It reads the clock, opens the transaction and prints."""

from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from sqlalchemy.exc import IntegrityError

from blueprints.ops.wordpress.report import Report
from blueprints.ops.wordpress.stories import make_ready
from blueprints.ops.wordpress.storing import known_keys, store
from blueprints.ops.wordpress.wxr import NotTaken, read
from models import begin_write, db, utcnow
from models.metering import Access

RESERVED = set(
    """account archive articles author authors category contribute desk donate downloads feed go healthz import
    mail media metrics news offers orders page patrons popular readyz search sitemap static stripe tag tags""".split()
)  # addresses of the site's own, those to come among them


@click.command("import-wordpress")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would happen; change nothing.")
@click.option(
    "--access",
    type=click.Choice([access.value for access in Access]),
    default=Access.FREE.value,
    show_default=True,
    help="What imported stories ask of their readers.",
)
@with_appcontext
def import_wordpress(file: Path, dry_run: bool, access: str) -> None:
    """Take the posts, pages and comments of a WordPress export (WXR). Running it again takes only what is new."""
    try:
        export = read(file, current_app.config["ZONE"])
    except NotTaken as refusal:
        raise click.ClickException(f"{refusal} Nothing was changed.") from None
    report = Report()
    ready = make_ready(export, known_keys(), Access(access), utcnow(), report)
    try:
        begin_write()
        store(export, ready, RESERVED | first_segments(current_app), report)
        if dry_run:
            db.session.rollback()
        else:
            db.session.commit()
    except IntegrityError:
        db.session.rollback()
        raise click.ClickException(
            "The magazine was changed while the import ran. Nothing was imported; run it again."
        ) from None
    click.echo(f"{export.title or 'A WordPress export'} ({export.link or 'no address given'})")
    for line in report.lines():
        click.echo(line)
    if dry_run:
        click.echo("A dry run: nothing was changed.")


def first_segments(app: Flask) -> set[str]:
    """What addresses of this site begin with."""
    return {rule.rule.split("/")[1] for rule in app.url_map.iter_rules() if "<" not in rule.rule.split("/")[1]}
