"""The two ceremonies of Web Authentication: making a passkey, and signing with one. py_webauthn checks what was signed.

A challenge is signed by the site and good for five minutes, one purpose, one person, one browser and one answer: it
costs no row until it is answered.
"""

import hashlib
import hmac
import json
import logging
import secrets
from datetime import datetime, timedelta
from typing import Any

import webauthn
from flask import current_app
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from blueprints.accounts.relying_party import RelyingParty
from models import Account, Outbox, Passkey, SpentChallenge, begin_write, db

LIFE = timedelta(minutes=5)
PATIENCE = 120_000  # milliseconds that a browser waits for a finger, a face or a PIN
NONCE, UNTIL = 16, 8  # bytes
ADD, ENTER = "add", "enter"
log = logging.getLogger(__name__)


class NotSigned(Exception):
    """What came back does not show what it should; worded for the reader."""


OVER = "This took too long, or was sent twice. Try again."
UNSIGNED = "We could not check what your device signed. Try again, or come in another way."
UNKNOWN = "We do not know this passkey. It may have been removed here; sign in another way and add it again."
COPIED = "The counter of this passkey went back, as that of a copy does. We did not take it; sign in another way."


def new_challenge(purpose: str, whose: str, browser: str, now: datetime) -> bytes:
    until = int((now + LIFE).timestamp()).to_bytes(UNTIL)
    head = secrets.token_bytes(NONCE) + until
    return head + _mark(head, purpose, whose, browser)


def spend_challenge(challenge: bytes, purpose: str, whose: str, browser: str, now: datetime) -> None:
    """Use it up, whatever comes of it. Commits. Raises NotSigned when it is not ours, over, or spent."""
    head, mark = challenge[: NONCE + UNTIL], challenge[NONCE + UNTIL :]
    until = int.from_bytes(head[NONCE:])
    if not hmac.compare_digest(mark, _mark(head, purpose, whose, browser)) or now.timestamp() >= until:
        raise NotSigned(OVER)
    begin_write()
    first = SpentChallenge.spend(head[:NONCE].hex(), datetime.fromtimestamp(until, tz=now.tzinfo), now)
    db.session.commit()
    if not first:
        raise NotSigned(OVER)


def _mark(head: bytes, *about: str) -> bytes:
    key = hashlib.sha256(b"passkey challenge " + current_app.config["SECRET_KEY"].encode()).digest()
    return hmac.new(key, head + json.dumps(about).encode(), hashlib.sha256).digest()


def options_to_add(who: Account, party: RelyingParty, challenge: bytes) -> str:
    """What `navigator.credentials.create()` is asked, as JSON. Keys the account has are not made again."""
    options = webauthn.generate_registration_options(
        rp_id=party.id,
        rp_name=party.name,
        user_id=_handle(who),
        user_name=who.email,
        user_display_name=who.name or who.email,
        challenge=challenge,
        timeout=PATIENCE,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=_descriptors(Passkey.of(who.id)),
    )
    return webauthn.options_to_json(options)


def options_to_enter(party: RelyingParty, challenge: bytes, keys: list[Passkey]) -> str:
    """What `navigator.credentials.get()` is asked, as JSON. No keys: the device offers those it has for us."""
    options = webauthn.generate_authentication_options(
        rp_id=party.id,
        challenge=challenge,
        timeout=PATIENCE,
        allow_credentials=_descriptors(keys),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return webauthn.options_to_json(options)


def _handle(who: Account) -> bytes:
    """By what a device knows the account: random, and nothing of who it is."""
    return who.public_id.encode()


def _descriptors(keys: list[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            id=base64url_to_bytes(key.credential_id), transports=[AuthenticatorTransport(way) for way in key.transports]
        )
        for key in keys
    ]


def read(sent: str | None) -> tuple[dict[str, Any], bytes]:
    """The credential as a browser sends it, and the challenge it says it answers. Raises NotSigned."""
    try:
        credential = json.loads(sent or "")
        client = json.loads(base64url_to_bytes(credential["response"]["clientDataJSON"]))
        return credential, base64url_to_bytes(client["challenge"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise NotSigned(UNSIGNED) from error


def made(credential: dict[str, Any], challenge: bytes, party: RelyingParty, who: Account) -> Passkey:
    """The new key, not yet saved, once its challenge is spent. Raises NotSigned."""
    try:
        seen = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
        )
    except Exception as error:  # a stranger's bytes: whatever they break in the library is a refusal
        log.info("A new passkey was refused: %s", error)
        raise NotSigned(UNSIGNED) from error
    said = credential["response"].get("transports")
    return Passkey(
        account_id=who.id,
        credential_id=bytes_to_base64url(seen.credential_id),
        public_key=seen.credential_public_key,
        sign_count=seen.sign_count,
        transports=[way.value for way in AuthenticatorTransport if isinstance(said, list) and way.value in said],
        is_synced=seen.credential_device_type == "multi_device",
    )


def signed_by(
    credential: dict[str, Any], challenge: bytes, party: RelyingParty, *, is_known: bool
) -> tuple[Passkey, int]:
    """The key that signed, and its counter, once the challenge is spent. `is_known`: we know who should sign.

    Raises NotSigned.
    """
    key = Passkey.by_credential(str(credential.get("id", "")))
    if key is None:
        raise NotSigned(UNKNOWN)
    try:
        seen = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=key.public_key,
            credential_current_sign_count=0,  # `count` judges it, with the row locked
            require_user_verification=True,
        )
        handle = credential["response"].get("userHandle")
    except Exception as error:  # a stranger's bytes: whatever they break in the library is a refusal
        log.info("A passkey's signature was refused: %s", error)
        raise NotSigned(UNSIGNED) from error
    owner = bytes_to_base64url(_handle(db.session.get_one(Account, key.account_id)))
    if handle != owner and (handle or not is_known):  # it may be left out when we said which keys will do
        raise NotSigned(UNSIGNED)
    return key, seen.new_sign_count


def count(credential_id: str, signed: int, now: datetime) -> Account:
    """Note the signature in the locked row and return whose key it is. The caller commits.

    Raises NotSigned when the key was removed a moment ago, or when its counter went back: a letter tells its owner.
    """
    key = Passkey.by_credential(credential_id, lock=True)
    if key is None:
        raise NotSigned(UNKNOWN)
    who = db.session.get_one(Account, key.account_id)
    if not key.use(signed, now):
        Outbox.post("passkey-refused", who.email, name=key.name)
        db.session.commit()
        raise NotSigned(COPIED)
    return who
