"""What the meter keeps of who asks, signed in or not: how many stories are left, which were read; to see and erase."""

from dataclasses import dataclass
from datetime import datetime

from flask import current_app, flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from blueprints import metering
from blueprints.accounts.own_views import bp
from blueprints.login import account, viewer
from models import Article, GiftOpening, begin_write, db, utcnow


@dataclass(frozen=True, slots=True)
class Counted:
    """One line of the record: the story, or None when it was erased or is gone."""

    story: Article | None
    period: str
    at: datetime


@bp.get("/meter")
def meter() -> ResponseReturnValue:
    now, key = utcnow(), metering.key_of(account())
    standing = metering.standing(now)
    record = metering.ledger().record(key) if key else []
    stories = Article.by_ids([line.article_id for line in record if line.article_id])
    reads = viewer(now)
    return render_template(
        "accounts/meter.html",
        who=account(),
        key=key,
        is_counted=not (reads.is_patron or reads.is_staff or reads.is_seated),
        claim=standing.claim,
        ends=standing.period.end if standing.period else None,
        every=current_app.config["METER_PERIOD"].value,
        lines=[Counted(stories.get(line.article_id or 0), line.period, line.at) for line in record],
        gifts=GiftOpening.of(key) if key else [],
    )


@bp.post("/meter")
def erase_meter() -> ResponseReturnValue:
    """Forget which stories they were; the bare number stays until the period ends, or the count would mean nothing."""
    key = metering.key_of(account())
    if key:
        begin_write()
        metering.ledger().erase(key, keep_count=True)
        GiftOpening.erase(key)
        db.session.commit()
    flash("It is erased. Only the number is kept, until the count starts anew.", "good")
    return make_response(redirect(url_for("own.meter"), code=303))
