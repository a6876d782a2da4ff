"""The reader's own feed: its address, a new one, none."""

from flask import abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints.accounts.gift_views import gives
from blueprints.accounts.own_views import bp, reader
from blueprints.login import signed_in_only
from models import PrivateFeed, begin_write, db, utcnow
from models.address_token import print_of, token
from models.base import new_public_id

FORMATS = {"feed.xml": "RSS", "atom.xml": "Atom", "feed.json": "JSON Feed"}


@bp.get("/feeds")
@signed_in_only
def feeds() -> ResponseReturnValue:
    who = reader()
    feed = PrivateFeed.of_account(who.id)
    secret = secret_of(feed.public_id) if feed else ""
    is_known = feed is not None and print_of(secret) == feed.token_hash  # else the site has had another key
    site = current_app.config["SITE_URL"]
    addresses = {name: f"{site}/feeds/{secret}/{file}" for file, name in FORMATS.items()} if is_known else {}
    return render_template("accounts/feeds.html", feed=feed, addresses=addresses, gives=gives(who))


@bp.post("/feeds")
@signed_in_only
def change_feed() -> ResponseReturnValue:
    """With `action` "renew" a new address, and the old one is over; with "revoke" none."""
    who, now, wish = reader(), utcnow(), request.form.get("action")
    if wish not in ("renew", "revoke"):
        abort(400)
    if wish == "renew" and not gives(who):
        abort(403, "A feed with whole texts is for patrons.")
    begin_write()
    if wish == "renew":
        name = new_public_id()
        PrivateFeed.renew(who.id, name, secret_of(name), now)
    else:
        PrivateFeed.revoke(who.id, now)
    db.session.commit()
    done = {
        "renew": "This is your new address. No other works.",
        "revoke": "The address is taken back. It opens nothing.",
    }
    flash(done[wish], "good")
    return redirect(url_for("own.feeds"), code=303)


def secret_of(public_id: str) -> str:
    return token(current_app.config["SECRET_KEY"], "feed", public_id)
