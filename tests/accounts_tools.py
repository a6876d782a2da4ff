"""Browsers of their own, and the letters that reached a reader."""

import email
import email.policy
import re
import time
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from blueprints.ops.postman import send_due
from models import Outbox, db


class Visitor(FlaskClient):
    """A browser each of whose requests stands alone, also inside a test's application context."""

    def open(self, *args: Any, **given: Any) -> Any:
        with self.application.app_context():
            return super().open(*args, **given)


def visit(app: Flask, address: str = "127.0.0.1") -> FlaskClient:
    """A new browser at this IP address, with no cookie."""
    client = Visitor(app, app.response_class, use_cookies=True)
    client.environ_base = {
        "HTTP_SEC_FETCH_SITE": "same-origin",
        "HTTP_HOST": "127.0.0.1:5000",
        "REMOTE_ADDR": address,
        "HTTP_USER_AGENT": "test",
    }
    return client


def stay_in_one_window() -> None:
    """Wait for the next quarter of an hour when it is near: windows begin by the clock, and a count with them."""
    left = 900 - time.time() % 900
    if left < 20:
        time.sleep(left + 0.1)


def letters(app: Flask, to: str) -> list[Any]:
    """Every letter sent to this address so far, oldest first."""
    with app.app_context():
        send_due()
        order = {name: number for number, name in db.session.execute(db.select(Outbox.id, Outbox.public_id)).all()}
    # A file's time is no order: two letters are written within one tick of its clock.
    files = sorted((app.config["DATA"] / "mail").glob("*.eml"), key=lambda file: order.get(file.stem, 0))
    read = [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]
    return [letter for letter in read if letter["To"] == to]


def link(app: Flask, to: str, kind: str) -> str:
    """The path of the newest link of this kind (link, reset, verify) that was sent to this address."""
    address = re.compile(rf"http://127\.0\.0\.1:5000(/account/{kind}/\S+)")
    found = [address.search(letter.get_content()) for letter in letters(app, to)]
    return [match[1] for match in found if match][-1]


def code(app: Flask, to: str) -> str:
    """The code in the newest letter that signs this address in."""
    found = [re.search(r"^(\d{3}) (\d{3})$", letter.get_content(), re.M) for letter in letters(app, to)]
    return [match[1] + match[2] for match in found if match][-1]


def is_signed_in(client: FlaskClient) -> bool:
    return client.get("/account").status_code == 200
