"""A visitor's pointer: a signed, opaque number in a cookie. What it points to is on the server, and names nobody."""

import hashlib
import secrets
from datetime import datetime, timedelta
from functools import lru_cache

from flask import Response, current_app, request
from itsdangerous import BadData, URLSafeSerializer

COOKIE = "masthead_reader"
GUEST = "guest."  # before the number of who came by a gift: else gifts would make readers past the cap on new ones
LONGEST = 200  # characters
AFTER = timedelta(days=8)  # after its period: who reads on in a liveblog at midnight, or comes back to a page, is known


@lru_cache(maxsize=2)
def _signer(secret: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt="reader")


def read() -> str:
    """The key of the visitor who sends this request; "" without a pointer that we signed."""
    number = _signed_number().removeprefix(GUEST)
    return _key(number) if number else ""


def is_guest() -> bool:
    """Whether the visitor came by a gift alone: the meter has not let them in yet."""
    return _signed_number().startswith(GUEST)


def _signed_number() -> str:
    """What the cookie holds; "" when it is not by us."""
    signed = sent()
    if not signed or len(signed) > LONGEST:
        return ""
    try:
        return str(_signer(current_app.config["SECRET_KEY"]).loads(signed))
    except BadData:
        return ""


def sent() -> str:
    return request.cookies.get(COOKIE, "")


def _key(number: str) -> str:
    """Only the hash is kept: who reads the database cannot make anybody's cookie."""
    return "visitor:" + hashlib.sha256(number.encode()).hexdigest()[:32]


def new(*, guest: bool = False) -> tuple[str, str]:
    """The key of a new visitor, and the cookie that points to it."""
    number = secrets.token_urlsafe(16)
    return _key(number), str(_signer(current_app.config["SECRET_KEY"]).dumps(f"{GUEST}{number}" if guest else number))


def admitted() -> tuple[str, str]:
    """The key of a guest, and the same pointer as that of a reader whom the meter knows."""
    number = _signed_number().removeprefix(GUEST)
    return _key(number), str(_signer(current_app.config["SECRET_KEY"]).dumps(number))


def give(response: Response, cookie: str, ends: datetime) -> None:
    """Set it until the period is over that it counts in: it must not end while the count goes on.

    Who opens nothing for a period comes back with a new one that nobody can tie to this.
    """
    response.set_cookie(
        COOKIE,
        cookie,
        expires=ends + AFTER,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )


def take(response: Response) -> None:
    response.delete_cookie(COOKIE, samesite="Lax", secure=current_app.config["SESSION_COOKIE_SECURE"], httponly=True)
