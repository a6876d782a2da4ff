"""`flask demo`: a magazine to look at, for this machine only."""

import secrets

import click
from flask import current_app
from flask.cli import with_appcontext

from blueprints.ops.demo.load import is_empty, load
from blueprints.ops.demo.reading import SIGN_INS
from blueprints.settings import Refused, is_loopback
from models import utcnow


@click.command("demo")
@click.option("--if-empty", is_flag=True, help="Only into a database without stories and accounts; else say nothing.")
@with_appcontext
def demo(if_empty: bool) -> None:
    """Load the demo magazine. Safe to repeat: what is there stays as it is."""
    refuse_in_public()
    if if_empty and not is_empty():
        return
    given = {setting: current_app.config[setting] for setting in SIGN_INS}
    passwords = {setting: given[setting] or secrets.token_urlsafe(9) for setting in SIGN_INS}
    made = load(current_app.config["DATA"], passwords, utcnow())
    parts = (f"{number} {named(kind, number)}" for kind, number in made.items())
    click.echo("Loaded " + ", ".join(parts) if made else "nothing")
    if made["accounts"]:
        for setting, (email, _name, _role) in SIGN_INS.items():
            if not given[setting]:
                click.echo(f"{email}  {passwords[setting]}")


def named(kind: str, number: int) -> str:
    return kind if number > 1 or kind == "series" else kind.removesuffix("s")


def refuse_in_public() -> None:
    """The demo's passwords get printed and its offer has prices: it must never stand where money is real."""
    if current_app.config["STRIPE_SECRET_KEY"].startswith(("sk_live_", "rk_live_")):
        raise Refused("STRIPE_SECRET_KEY is a live key: the demo magazine is for a test key or none.")
    if not is_loopback(current_app.config["SITE_URL"]):
        raise Refused("SITE_URL is public: the demo magazine is for an address on this machine (127.0.0.1).")
