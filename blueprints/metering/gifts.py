"""Stories that somebody gave: a link opens one of them for whoever has it, whatever the count says."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qs, quote, urlsplit

from flask import Response, current_app, request

from blueprints.metering import pointer
from models import Account, GiftLink
from models.address_token import is_token, print_of, token
from models.gift import GiftKind, GiftState

# A cookie for one story's addresses that says no more than that a gift was opened there. It is no key: it only spares
# everybody else a question, the script one to us and us one to the database.
MARK = "masthead_gift"
LONGEST = 2000  # characters of what somebody pasted


@dataclass(frozen=True, slots=True)
class Gift:
    """What a reader is told of a link."""

    state: GiftState
    by: str = ""  # as a sentence begins: Robin Aldermeer, a patron,
    until: datetime | None = None
    most: int | None = None  # readers
    token: str = ""  # for the form that opens it

    @property
    def opens(self) -> bool:
        return self.state is GiftState.OPENS


def token_of(link: GiftLink) -> str:
    """The secret of a link; "" when the site has another key now, and it can no longer be told."""
    made = token(current_app.config["SECRET_KEY"], "gift", link.public_id)
    return made if print_of(made) == link.token_hash else ""


def address_of(link: GiftLink) -> str:
    """The whole address to send on; "" when it can no longer be told."""
    secret = token_of(link)
    return f"{current_app.config['SITE_URL']}/articles/{quote(link.article.slug)}?gift={secret}" if secret else ""


def token_in(typed: str) -> str:
    """The token in what somebody pasted: a link, its end, or the bare token. "" when there is none."""
    typed = typed.strip()[:LONGEST]
    if is_token(typed):
        return typed
    try:
        query = urlsplit(typed).query or typed.lstrip("?")
        found = parse_qs(query, max_num_fields=20).get("gift", [""])[0].strip()
    except ValueError:
        return ""
    return found if is_token(found) else ""


def told(link: GiftLink, state: GiftState, secret: str = "") -> Gift:
    return Gift(state, by(link), link.expires_at, link.most, secret)


def by(link: GiftLink) -> str:
    """Who gave it, with a name only where the giver wished so."""
    name = link.giver.name.strip() if link.giver and link.is_named else ""
    house = str(current_app.config["SITE_NAME"])
    if link.kind is GiftKind.CAMPAIGN or (link.kind is GiftKind.STAFF and not name):
        return house
    if link.kind is GiftKind.STAFF:
        return f"{name} of {house}"
    return f"{name}, a patron," if name else "A patron"


def judged(typed: str, article_id: int, now: datetime) -> Gift:
    """What a link does for this story. Looking spends nothing."""
    secret = token_in(typed)
    link = GiftLink.by_token(secret)
    if link is None:
        return Gift(GiftState.UNKNOWN)
    state = link.state(article_id, now)
    return Gift(state) if state is GiftState.OTHER_STORY else told(link, state, secret)


def opened(article_id: int, reader: str, who: Account | None, now: datetime) -> Gift | None:
    """The gift by which this reader opened a story before. A visitor without the mark costs no query."""
    if not reader or not (who or MARK in request.cookies):
        return None
    link = GiftLink.opened_by(reader, article_id)
    return told(link, link.state_now(now)) if link else None


def mark(reply: Response, slug: str, ends: datetime) -> None:
    """Note in the browser that this story was opened by a gift, as long as its pointer lasts."""
    reply.set_cookie(
        MARK,
        "1",
        path=f"/articles/{quote(slug)}",
        expires=ends + pointer.AFTER,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        samesite="Lax",
    )
