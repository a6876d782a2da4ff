"""Secrets that stand in an address and open what it names: a story that is given, a feed of one's own. Pure.

Each is made anew from the site's key and the random name of its row whenever its owner wants to copy it. The row holds
its hash alone: who reads the database, or a backup of it, opens nothing.
"""

import base64
import hashlib
import hmac
import re

BYTES = 24  # 32 signs
SHAPE = re.compile(r"[A-Za-z0-9_-]{32}")


def token(key: str, purpose: str, name: str) -> str:
    """The token of what `name` names; under another key it is another."""
    digest = hmac.new(key.encode(), f"{purpose}:{name}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:BYTES]).decode()


def print_of(token: str) -> str:
    """What is kept of it."""
    return hashlib.sha256(token.encode()).hexdigest()


def is_token(text: str) -> bool:
    """Whether it has a token's shape; nothing else need be looked for."""
    return SHAPE.fullmatch(text) is not None
