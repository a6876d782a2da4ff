"""Addresses of no one, for records of money that outlive their account. Pure.

`.invalid` is set aside so that no letter can ever arrive there (RFC 2606). One for each account that was deleted: what
one person gave stays one person's, and counts stay right.
"""

import secrets

DOMAIN = "@nobody.invalid"


def new_address() -> str:
    return f"{secrets.token_hex(8)}{DOMAIN}"


def is_nobody(email: str) -> bool:
    return email.endswith(DOMAIN)
