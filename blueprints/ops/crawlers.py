"""What the worker finds out of those who say that they are search engines, and the file that nginx takes."""

import os
import socket
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from blueprints.metering import crawlers
from models import CrawlerClaim, CrawlerNetwork, begin_write, db, utcnow
from models.crawling import Lookups, is_proven
from models.networks import home_of


def names_of(address: str) -> list[str]:
    try:
        name, others, _ = socket.gethostbyaddr(address)
    except OSError:  # no name, or no answer
        return []
    return [name, *others]


def addresses_of(host: str) -> list[str]:
    try:
        return [str(found[4][0]) for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError):
        return []


DNS = Lookups(names_of, addresses_of)


def look_up_one(ask: Lookups = DNS) -> bool:
    """Look at the claim that waits longest; False when none does. No transaction is open while DNS is asked."""
    claim = CrawlerClaim.next(utcnow())
    if claim is None:
        return False
    who, name, sealed = claim.who, claim.name, claim.sealed
    db.session.commit()
    try:
        address = crawlers.unseal(sealed)
        proven = is_proven(name, address, ask)
    except ValueError:  # SECRET_KEY is another since
        proven = False
    begin_write()
    CrawlerClaim.settle(who)
    if proven:
        CrawlerNetwork.keep(str(home_of(address)), name, utcnow())
    db.session.commit()
    return True


@click.command("crawlers")
@click.option("--write", "file", type=click.Path(path_type=Path), help="Where; DATA/crawlers.conf unless said.")
@with_appcontext
def crawlers_command(file: Path | None) -> None:
    """Check DATA/crawlers.txt, and write the networks of search engines for nginx, those found in DNS too."""
    _, wrong = crawlers.listed()
    for sentence in wrong:
        click.echo(f"crawlers.txt, {sentence}", err=True)
    networks = crawlers.all_networks(utcnow())
    file = file or Path(current_app.config["DATA"], "crawlers.conf")
    lines = [f"{cidr} 1;  # {name}\n" for cidr, name in dict(networks).items()]
    unfinished = file.with_name(f".{file.name}.tmp")
    unfinished.write_text("# Written by `flask crawlers` for nginx: those who bypass its cache.\n" + "".join(lines))
    os.replace(unfinished, file)
    click.echo(f"{len(lines)} networks are in {file}. Reload nginx to use them.")
    if wrong:
        raise click.ClickException("The lines above were left out.")
