"""Secrets that must be read again are kept sealed: a copy of the database alone does not give them away."""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE = 12  # bytes, as AES-GCM has them (NIST SP 800-38D)


class Unreadable(Exception):
    """It was sealed under another key, or for another purpose, or is damaged."""


def seal(secret: str, key: str, about: str) -> bytes:
    """Seal a secret under a key of the site; `about` says what and whose it is, and must be the same to open it."""
    nonce = secrets.token_bytes(NONCE)
    return nonce + _cipher(key).encrypt(nonce, secret.encode(), about.encode())


def unseal(sealed: bytes, key: str, about: str) -> str:
    """The secret again. Raises Unreadable."""
    try:
        return _cipher(key).decrypt(sealed[:NONCE], sealed[NONCE:], about.encode()).decode()
    except (InvalidTag, ValueError) as error:
        raise Unreadable from error


def _cipher(key: str) -> AESGCM:
    """A key of this purpose only, made from the site's own (RFC 5869)."""
    return AESGCM(HKDF(algorithm=SHA256(), length=32, salt=None, info=b"masthead sealing").derive(key.encode()))
