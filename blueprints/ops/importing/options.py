"""What every import command asks for and says: its options, its bars, its report, its way to stop."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
from flask import Flask, current_app
from sqlalchemy.exc import IntegrityError
from tqdm import tqdm

from blueprints.ops.importing.addresses import OldSite
from blueprints.ops.importing.media import Media
from blueprints.ops.importing.report import Report
from blueprints.ops.importing.survey import Survey
from blueprints.ops.importing.uploads import NotRead, Uploads, open_uploads
from models import db
from models.metering import Access

RESERVED = set(
    """account archive articles author authors category contribute desk donate downloads feed go healthz import
    mail media metrics news offers orders page patrons popular readyz search sitemap static stripe tag tags""".split()
)  # addresses of the site's own, those to come among them
INTERRUPTED = 130  # the exit code of what Ctrl-C ended


@dataclass(slots=True)
class Options:
    """As given on the command line."""

    dry_run: bool
    access: Access
    media: Path | None
    download: bool
    allow_private_addresses: bool
    stored: int = field(default=0)  # stories that are in for good, for the message when it is stopped

    def media_of(self, survey: Survey, site: OldSite) -> Media:
        """Where this import takes pictures from. Raises NotRead."""
        uploads: Uploads | None = open_uploads(self.media) if self.media else None
        return Media(
            survey,
            site,
            current_app.config["DATA"] / "media",
            uploads=uploads,
            download=self.download,
            allow_private=self.allow_private_addresses,
            dry_run=self.dry_run,
        )


def import_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a click command FILE and the options of every import; it is called with the file and `Options`.

    Options of its own come after these, as they are.
    """

    def called(
        file: Path,
        access: str,
        dry_run: bool,
        media: Path | None,
        download: bool,
        allow_private_addresses: bool,
        **own: Any,
    ) -> None:
        command(file, Options(dry_run, Access(access), media, download, allow_private_addresses), **own)

    called.__doc__ = command.__doc__
    for option in reversed(
        [
            click.argument("file", type=click.Path(path_type=Path)),
            click.option("--dry-run", is_flag=True, help="Say what would happen; change nothing, fetch nothing."),
            click.option(
                "--access",
                type=click.Choice([access.value for access in Access]),
                default=Access.FREE.value,
                show_default=True,
                help="What imported stories ask of their readers.",
            ),
            click.option(
                "--media", type=click.Path(path_type=Path), help="The old site's uploads: a folder, or a zip of it."
            ),
            click.option("--download", is_flag=True, help="Fetch pictures from the web where the uploads lack them."),
            click.option(
                "--allow-private-addresses",
                is_flag=True,
                help="Let --download reach addresses of your own network. Only for a file you trust.",
            ),
        ]
    ):
        called = option(called)
    return called


@contextmanager
def stopping_cleanly(options: Options) -> Iterator[None]:
    """Turn what may end an import early into a sentence and an exit code. What is stored stays."""
    try:
        yield
    except NotRead as why:
        raise click.ClickException(f"{why} Nothing was changed.") from None
    except IntegrityError:
        db.session.rollback()
        raise click.ClickException(
            f"The magazine was changed while the import ran. {stored(options)} Run it again: it goes on from there."
        ) from None
    except KeyboardInterrupt:
        db.session.rollback()
        click.echo(f"Stopped. {stored(options)} Run it again: it goes on from there.", err=True)
        sys.exit(INTERRUPTED)


def stored(options: Options) -> str:
    if not options.stored:
        return "No story was stored."
    return (
        "1 story of the file is stored." if options.stored == 1 else f"{options.stored} stories of the file are stored."
    )


@contextmanager
def reading_bar(file: Path) -> Iterator[Callable[[int], object]]:
    """A bar over the bytes of a file; yields what to tell of each few."""
    size = file.stat().st_size if file.is_file() else 0
    with tqdm(total=size, desc="Reading", unit="B", unit_scale=True, disable=None, leave=False) as bar:
        yield bar.update


def taken_addresses(app: Flask) -> set[str]:
    """What the addresses of this site begin with: no page can have them."""
    rules = (rule.rule.split("/")[1] for rule in app.url_map.iter_rules())
    return RESERVED | {first for first in rules if "<" not in first}


def say(title: str, report: Report, media: Media, options: Options) -> None:
    """Print the report, its last lines being about pictures."""
    report.taken["pictures"] += media.counts["taken"]
    report.already_here["pictures"] += media.counts["already here"]
    report.passed_over["pictures that could not be had"] += media.counts["missing"]
    click.echo(title)
    for line in report.lines():
        click.echo(line)
    if report.changed["pictures turned into links"] and not media.is_wanted:
        click.echo("Pictures are taken from an uploads folder or zip (--media PATH) or from the web (--download).")
    if options.dry_run:
        if media.to_fetch:
            click.echo(f"{media.to_fetch} of the pictures would be fetched from the web, where each may be missing.")
        click.echo("A dry run: nothing was changed.")
