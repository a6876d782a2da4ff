"""The factory: settings, shared floor, areas, commands. Nothing imports it."""

from flask import Flask
from flask_migrate import Migrate
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix

import models  # every table, so that migrations see them all
from blueprints import caching, errors, filters, login, masking, metering, payments, security, settings
from blueprints.accounts import areas as accounts
from blueprints.comments import views as comments
from blueprints.contribute import views as contribute
from blueprints.desk import views as desk
from blueprints.donations import views as donations
from blueprints.feeds import views as feeds
from blueprints.magazine import views as magazine
from blueprints.offers import orders
from blueprints.offers import views as offers
from blueprints.ops import commands, health, mail_views
from blueprints.payments import views as stripe_webhook

AREAS = (
    health.bp,
    mail_views.bp,
    stripe_webhook.bp,
    *accounts.AREAS,
    offers.bp,
    orders.bp,
    donations.bp,
    comments.bp,
    contribute.bp,
    desk.bp,
    feeds.bp,
    magazine.bp,
)  # the magazine last: its pages answer what nobody else does


def create_app(overrides: dict | None = None) -> Flask:
    """Return the site, set from the defaults, DATA/settings.env, the environment, then `overrides`.

    Raises settings.Refused for a combination that is not safe.
    """
    app = Flask(__name__)
    settings.load(app, overrides)
    settings.refuse_unsafe(app)  # before anything can answer a request
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    models.db.init_app(app)
    Migrate(app, models.db, render_as_batch=True)
    for part in (masking, security, login, filters, errors, payments, commands, caching, metering):
        part.init_app(app)
    for area in AREAS:
        app.register_blueprint(area)
    if not app.config["SANDBOX"]:
        app.wsgi_app = ProxyFix(app.wsgi_app)  # type: ignore[method-assign]
    return app
