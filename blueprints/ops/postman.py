"""Turns outbox rows into letters and sends them: by SMTP, or as files in DATA/mail."""

import logging
import os
import smtplib
import ssl
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from pathlib import Path
from urllib.parse import unquote, urlsplit

from flask import current_app, render_template

from models import Outbox, Publication, begin_write, db, utcnow

log = logging.getLogger(__name__)


def compose(row: Outbox, now: datetime) -> EmailMessage:
    """The letter of an outbox row: its template's first line is the subject, the rest the text."""
    publication = Publication.get()
    text = render_template(f"mail/{row.letter}.txt", **row.details)
    subject, _, body = text.lstrip().partition("\n")
    host = urlsplit(current_app.config["SITE_URL"]).hostname
    letter = EmailMessage()
    letter["From"] = formataddr((current_app.config["SITE_NAME"], publication.email or f"post@{host}"))
    letter["To"] = row.recipient
    if row.details.get("reply_to"):
        letter["Reply-To"] = formataddr(tuple(row.details["reply_to"]))
    letter["Subject"] = " ".join(subject.removeprefix("Subject:").split())
    letter["Date"] = format_datetime(now)
    letter["Message-ID"] = f"<{row.public_id}@{host}>"  # the same at every try, so a repeat can be told
    letter.set_content(body.strip() + "\n")
    return letter


def deliver(letter: EmailMessage, name: str) -> None:
    """Send by MAIL_URL, else write DATA/mail/<name>.eml. Raises OSError or smtplib.SMTPException."""
    url = current_app.config["MAIL_URL"]
    if url:
        _send(letter, url)
        return
    folder: Path = current_app.config["DATA"] / "mail"
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f".{name}.tmp"
    unfinished.write_bytes(letter.as_bytes())
    os.replace(unfinished, folder / f"{name}.eml")  # a second try overwrites: one letter, one file


def _send(letter: EmailMessage, url: str) -> None:
    """`smtp://` upgrades to TLS where the server offers it; `smtps://` speaks TLS from the start."""
    parts = urlsplit(url)
    host, secure = parts.hostname or "localhost", parts.scheme == "smtps"
    kind = smtplib.SMTP_SSL if secure else smtplib.SMTP
    with kind(host, parts.port or (465 if secure else 25), timeout=20) as server:
        if not secure and server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.send_message(letter)


def send_due(limit: int = 20) -> int:
    """Send what is due, each row in a transaction of its own; returns how many went out."""
    sent = 0
    for row_id in Outbox.claim(utcnow(), limit):
        row = db.session.get(Outbox, row_id)
        if row is None:
            continue
        try:
            letter, name = compose(row, utcnow()), row.public_id
            db.session.commit()  # nothing stays open while the letter travels
            deliver(letter, name)
        except Exception as error:  # a letter that cannot be made or sent must not stop the others
            log.warning("Letter %s was not sent: %s", row_id, error)
            db.session.rollback()
            begin_write()
            db.session.get_one(Outbox, row_id).mark_failed(f"{type(error).__name__}: {error}", utcnow())
        else:
            begin_write()
            db.session.get_one(Outbox, row_id).mark_sent(utcnow())
            sent += 1
        db.session.commit()
    return sent
