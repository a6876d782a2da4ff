"""Which browser this is: what it says of itself, and a cookie of its own that it gets when somebody signs in."""

import secrets
from datetime import timedelta

from flask import after_this_request, request

from blueprints.accounts.cookies import SignedCookie
from blueprints.security import bucket, network
from models.letter import LETTER_LIFE, LetterKind
from models.sign_in import Place
from models.user_agent import describe

DEVICE = SignedCookie("masthead_device", "/account", timedelta(days=400))  # browsers keep none for longer
ASKED = SignedCookie("masthead_asked", "/account/link", LETTER_LIFE[LetterKind.SIGN_IN])


def place(account_id: int) -> Place:
    """Where this sign-in of the account comes from, and the cookie by which the browser is known next time.

    Cookie and network are kept as keyed hashes that hold for this account only: two accounts used in one browser
    cannot be linked by them.
    """
    device = DEVICE.read() or secrets.token_urlsafe(16)
    after_this_request(lambda response: DEVICE.set(response, device))
    return Place(
        browser=describe(request.user_agent.string),
        device=bucket("device", f"{account_id}:{device}"),
        network=bucket("network", f"{account_id}:{network()}"),
    )


def asking() -> str:
    """The secret that binds a letter's code to this browser. Who asks twice can type either letter's code."""
    secret = ASKED.read() or secrets.token_urlsafe(32)
    after_this_request(lambda response: ASKED.set(response, secret))
    return secret
