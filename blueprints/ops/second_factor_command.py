"""The way back in for a lost phone."""

import click
from flask.cli import with_appcontext

from models import Account, Outbox, Passkey, SecondFactor, SignIn, begin_write, db, utcnow


@click.command("reset-second-factor")
@click.argument("email")
@with_appcontext
def reset_second_factor(email: str) -> None:
    """Take app, recovery codes and passkeys away from an account and sign it out everywhere; a letter tells of it."""
    begin_write()
    who = Account.by_email(email)
    if who is None:
        db.session.rollback()
        raise click.ClickException("No account has proven this address.")
    SecondFactor.forget(who.id)
    Passkey.forget(who.id)
    SignIn.end(who.id, utcnow())
    Outbox.post("second-factor-reset", who.email)
    address = who.email
    db.session.commit()
    click.echo(f"{address} signs in by password or letter alone now, and is signed out everywhere. A letter says so.")
