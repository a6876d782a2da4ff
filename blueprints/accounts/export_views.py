"""Take what we keep of you with you, as a zip."""

from flask import abort, current_app, render_template, send_file
from flask.typing import ResponseReturnValue

from blueprints.accounts import limits, own_data, packing
from blueprints.accounts.own_views import bp, reader
from blueprints.login import signed_in_only
from blueprints.metering import LedgerAway
from models import db, utcnow
from models.slug import slugify


@bp.get("/export")
@signed_in_only
def export() -> ResponseReturnValue:
    return render_template("accounts/export.html")


@bp.post("/export")
@signed_in_only
def download() -> ResponseReturnValue:
    """Who is signed in may have it: no page of theirs shows less. Rows are read first, then the transaction ends."""
    who, now = reader(), utcnow()
    limits.count_export(who.public_id, now)
    try:
        parts = own_data.parts_of(who)
    except LedgerAway:
        abort(503, "What the meter keeps could not be read just now, so the zip would not be whole. Try again later.")
    db.session.commit()
    readme = render_template("accounts/export-readme.txt", parts=parts, now=now)
    db.session.commit()  # the page's furniture was read
    name = f"{slugify(current_app.config['SITE_NAME'])}-{now:%Y-%m-%d}.zip"
    file = packing.pack(parts, readme, now)
    return send_file(file, "application/zip", as_attachment=True, download_name=name, max_age=0, etag=False)
