"""What an operator types: `flask <command>`."""

import logging
import signal
import sys
import threading
from datetime import timedelta

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from blueprints import metering
from blueprints.login import hash_password
from blueprints.ops import crawlers, seats
from blueprints.ops.demo_command import demo
from blueprints.ops.exporting.export_command import export
from blueprints.ops.exporting.import_command import import_folder
from blueprints.ops.ghost.command import import_ghost
from blueprints.ops.postman import send_due
from blueprints.ops.search_command import fill_if_empty, search_index_command
from blueprints.ops.second_factor_command import reset_second_factor
from blueprints.ops.wordpress.command import import_wordpress
from blueprints.payments import reconciling
from models import (
    Account,
    Attempts,
    CrawlerClaim,
    CrawlerNetwork,
    GiftOpening,
    Role,
    SignIn,
    SignInLetter,
    begin_write,
    db,
    utcnow,
)
from models.account import normal_email
from models.passwords import refusal
from models.proving import drop_old_unproven, prove

PAUSE = 1.0  # seconds between two looks at the outbox
RECONCILE_EVERY = timedelta(hours=1)
log = logging.getLogger(__name__)


@click.command("create-user")
@click.argument("email")
@click.option("--role", type=click.Choice([role.value for role in Role]), default=Role.READER.value)
@click.option("--name", default="")
@with_appcontext
def create_user(email: str, role: str, name: str) -> None:
    """Make an account, or give one a new password and role. The password comes from a prompt or standard input."""
    password = click.prompt("Password", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    if why := refusal(password, (email, name, current_app.config["SITE_NAME"])):
        raise click.ClickException(why)
    password_hash = hash_password(password)
    begin_write()
    account = Account.by_email(email)
    if account is None:
        account = Account(email=normal_email(email), name=name)
        db.session.add(account)
        db.session.flush()
    account.role, account.name = Role(role), name or account.name
    account.set_password_hash(password_hash, utcnow())
    prove(account, utcnow())
    db.session.commit()
    click.echo(f"{account.email} can sign in now, as {role}.")


@click.command("worker")
@click.option("--once", is_flag=True, help="Do what is due now, then stop.")
@with_appcontext
def worker(once: bool) -> None:
    """Send mail, repair what Stripe's events missed, sweep what was abandoned. Runs until stopped."""
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    next_reconcile = utcnow()
    while not stop.is_set():
        try:
            if utcnow() >= next_reconcile:
                next_reconcile = utcnow() + RECONCILE_EVERY
                sweep()
            sent = send_due() or crawlers.look_up_one()
        except Exception:  # a database that is away for a minute must not end the worker
            log.exception("The worker will try again")
            db.session.rollback()
            sent = 0
        db.session.remove()
        if once and not sent:
            return
        stop.wait(0 if sent else PAUSE)


def sweep() -> None:
    """The hourly round."""
    begin_write()
    Attempts.forget(utcnow() - timedelta(days=2))
    metering.forget(utcnow())
    SignIn.forget(utcnow())
    drop_old_unproven(utcnow())
    SignInLetter.forget(utcnow() - timedelta(days=2))
    seats.upkeep(utcnow())
    CrawlerClaim.forget(utcnow())
    CrawlerNetwork.forget(utcnow())
    GiftOpening.forget(utcnow())
    db.session.commit()
    if current_app.config["STRIPE_SECRET_KEY"]:
        reconciling.reconcile(utcnow())
    fill_if_empty()


@click.command("reconcile")
@with_appcontext
def reconcile() -> None:
    """Ask Stripe about every event and checkout we may have missed, and put it right."""
    report = reconciling.reconcile(utcnow())
    click.echo(str(report))


@click.command("publish-due")
@with_appcontext
def publish_due() -> None:
    """Scheduled stories appear by their date alone; this only says which are still to come."""
    from models.article import Article, Status

    waiting = db.session.scalars(
        db.select(Article)
        .where(Article.status == Status.PUBLISHED, Article.published_at > utcnow())
        .order_by(Article.published_at)
    )
    for article in waiting:
        click.echo(f"{article.published_at:%Y-%m-%d %H:%M} UTC  {article.slug}")


def init_app(app: Flask) -> None:
    for command in (
        create_user,
        crawlers.crawlers_command,
        demo,
        worker,
        reconcile,
        publish_due,
        import_wordpress,
        import_ghost,
        export,
        import_folder,
        search_index_command,
        reset_second_factor,
    ):
        app.cli.add_command(command)
