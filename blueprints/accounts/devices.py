"""Which browser this is: what it says of itself, and a cookie of its own that it gets when somebody signs in."""

import secrets

from flask import Response, after_this_request, current_app, request
from itsdangerous import BadSignature, URLSafeSerializer

from blueprints.security import bucket, network
from models.sign_in import Place
from models.user_agent import describe

COOKIE = "masthead_device"
PATH = "/account"  # sent to these pages alone, so that all others stay the same for everybody
DAYS = 400  # browsers keep no cookie for longer


def place(account_id: int) -> Place:
    """Where this sign-in of the account comes from, and the cookie by which the browser is known next time.

    Cookie and network are kept as keyed hashes that hold for this account only: two accounts used in one browser
    cannot be linked by them.
    """
    device = _known() or secrets.token_urlsafe(16)
    after_this_request(lambda response: _set(response, device))
    return Place(
        browser=describe(request.user_agent.string),
        device=bucket("device", f"{account_id}:{device}"),
        network=bucket("network", f"{account_id}:{network()}"),
    )


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="device")


def _known() -> str:
    try:
        return str(_serializer().loads(request.cookies.get(COOKIE, "")))
    except BadSignature:
        return ""


def _set(response: Response, device: str) -> Response:
    response.set_cookie(
        COOKIE,
        str(_serializer().dumps(device)),
        max_age=DAYS * 24 * 60 * 60,
        path=PATH,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )
    return response
