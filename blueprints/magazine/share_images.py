"""The picture that networks show with a link to a story: drawn once, kept in DATA/share."""

import hashlib
import os
import secrets
from pathlib import Path

from flask import abort, current_app, send_file
from flask.typing import ResponseReturnValue

from blueprints.magazine.area import bp
from models import Article, Publication, db, typefaces, utcnow
from models.share_card import Card

AN_HOUR = 3600  # seconds; the address stays when the title changes
DRAWN_AS = "1"  # change it when the drawing changes


@bp.get("/share/<slug>.png")
def share_image(slug: str) -> ResponseReturnValue:
    """Section and title of a story that is out, whoever may read it; never a word of its text."""
    story = Article.by_slug(slug)
    if story is None or not story.is_visible(utcnow()):
        abort(404)
    card = Card(
        title=story.title.strip(),
        section=story.category.name if story.category else "",
        site=current_app.config["SITE_NAME"],
        site_hanzi=Publication.get().wordmark_hanzi,
    )
    number = story.id
    db.session.rollback()  # drawing is slow: no transaction stays open meanwhile
    path = kept(current_app.config["DATA"] / "share", number, card)
    response = send_file(path.resolve(), mimetype="image/png", max_age=AN_HOUR)
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"  # it is there to be shown elsewhere
    return response


def kept(folder: Path, number: int, card: Card) -> Path:
    """The file of this card: named after all that is drawn, so that an edit makes a new one and the old one goes."""
    told = hashlib.sha256(repr((DRAWN_AS, card, typefaces.names())).encode()).hexdigest()[:24]
    path = folder / f"{number}-{told}.png"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = folder / f".{secrets.token_hex(8)}.png"
        unfinished.write_bytes(card.png())
        os.replace(unfinished, path)
        for old in folder.glob(f"{number}-*.png"):
            if old != path:
                old.unlink(missing_ok=True)
    return path
