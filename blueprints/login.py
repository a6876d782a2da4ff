"""Who is signed in, without making every page private."""

import logging
from dataclasses import replace
from datetime import datetime
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from flask import (
    Flask,
    Request,
    Response,
    abort,
    current_app,
    g,
    get_flashed_messages,
    has_request_context,
    redirect,
    request,
    url_for,
)
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_login import LoginManager, current_user, login_user
from sqlalchemy.exc import OperationalError

from blueprints.caching.layer import MAKING
from models import Account, Publication, SignIn, begin_write, db, utcnow
from models.institution import is_seated
from models.metering import Viewer
from models.patronage import is_patron
from models.sign_in import REMEMBERED, SEEN_EVERY

# OWASP's minimum for argon2id (Password Storage Cheat Sheet): 19 MiB, two passes; about 50 ms here.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_NOBODY = _hasher.hash("a password that nobody has")
LONGEST_PASSWORD = 1000  # characters; more would only keep the machine busy
log = logging.getLogger(__name__)


class LazyLoginManager(LoginManager):
    """Touches the session only in requests that asked for the user.

    Flask-Login looks for the remember cookie after every response, and Flask then adds `Vary: Cookie`, so that no
    cache may share the page.
    """

    def _update_remember_cookie(self, response: Response) -> Response:
        if "_login_user" not in g:
            return response
        return super()._update_remember_cookie(response)


class LazySessions(SecureCookieSessionInterface):
    """Makes no signer for who sends no cookie: nearly everybody."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        return super().open_session(app, request) if "HTTP_COOKIE" in request.environ else self.session_class()


manager = LazyLoginManager()
manager.session_protection = None  # 0.6.3 would trust X-Forwarded-For; sessions end by their rows instead
manager.user_loader(lambda secret: Account.by_session_id(secret, utcnow()))


def hash_password(password: str) -> str:
    """Slow on purpose: never inside a write transaction."""
    return _hasher.hash(password)


def password_matches(account: Account | None, password: str) -> bool:
    """Takes as long for an unknown account as for a known one."""
    known = account.password_hash if account and account.password_hash else _NOBODY
    try:
        return _hasher.verify(known, password[:LONGEST_PASSWORD]) and known is not _NOBODY
    except (Argon2Error, InvalidHashError):
        return False


def needs_rehash(account: Account) -> bool:
    """Whether the password was hashed under older, weaker settings."""
    return account.password_hash is not None and _hasher.check_needs_rehash(account.password_hash)


def has_cookie() -> bool:
    """Whether the browser says it may be somebody. Asking for cookies, not the session, keeps pages shareable."""
    if not has_request_context():
        return False  # the worker renders letters: nobody is there
    if "HTTP_COOKIE" not in request.environ:
        return False
    names = (current_app.config["SESSION_COOKIE_NAME"], current_app.config["REMEMBER_COOKIE_NAME"])
    return any(name in request.cookies for name in names)


def account() -> Account | None:
    """Who is signed in, or None. For visitors without a cookie it leaves the session alone."""
    if not has_cookie() and "_login_user" not in g:
        return None
    return current_user._get_current_object() if current_user.is_authenticated else None


def visitor(now: datetime) -> Viewer:
    """Anybody, as the rules see them: what is the same for all is made for this one."""
    return Viewer(mode=Publication.mode(), now=now)


def look_again() -> None:
    """Forget who is signed in until somebody asks: the account may have gone meanwhile."""
    g.pop("_login_user", None)


def viewer(now: datetime) -> Viewer:
    """The reader, as the rules see one; without what the meter opened (blueprints/metering.py)."""
    who = account()
    return viewer_of(who, now) if who else visitor(now)


def viewer_of(who: Account, now: datetime) -> Viewer:
    """An account as the rules see it, whether it is signed in here or its owner's program asks."""
    known = replace(visitor(now), is_signed_in=True, is_staff=who.is_staff, is_patron=is_patron(who, now))
    if known.is_staff or known.is_patron:
        return known  # a seat would open no more for them
    return replace(known, is_seated=is_seated(who, now))


def sign_in(who: Account, *, remember: bool = True) -> None:
    login_user(who, remember=remember, duration=REMEMBERED)


def note_seen(response: Response) -> Response:
    """Write down, about once an hour, that a sign-in is in use. After the page is made: nothing of it is committed."""
    who, now = g.get("_login_user"), utcnow()
    here = getattr(who, "here", None)
    if here is None or now - here.seen_at < SEEN_EVERY:
        return response
    try:
        db.session.rollback()
        begin_write()
        SignIn.note_seen(here, now)
        db.session.commit()
    except OperationalError:  # a busy database must not unmake the page
        log.exception("That a sign-in is in use was not written down")
        db.session.rollback()
    return response


def safe_next(path: str | None) -> str:
    """A path of ours to go on to; anything that could lead elsewhere becomes ""."""
    if not path or not path.startswith("/") or path.startswith(("//", "/\\")) or "\\" in path:
        return ""
    parts = urlsplit(path)
    if parts.scheme or parts.netloc or any(ord(c) < 32 for c in path):
        return ""
    return path


def signed_in_only(view: Any) -> Any:
    """Send visitors to sign in and back."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if account() is None:
            here = request.full_path.rstrip("?") if request.method == "GET" else ""
            return redirect(url_for("accounts.login", next=here or None), code=303)
        return view(*args, **kwargs)

    return guarded


def editors_only(view: Any) -> Any:
    """Send visitors to sign in; tell readers that this is not theirs."""

    @wraps(view)
    @signed_in_only
    def guarded(*args: Any, **kwargs: Any) -> Any:
        who = account()
        if who is None or not who.is_editor:
            abort(403, "This page is for the magazine's editors.")
        return view(*args, **kwargs)

    return guarded


def share(response: Response, *, seconds: int = 60) -> Response:
    """Let caches keep a page that is the same for every visitor; a signed-in reader's page is theirs alone."""
    if account() is not None or response.status_code != 200:
        response.headers["Cache-Control"] = "private, no-store"
        return response
    response.headers["Cache-Control"] = f"public, max-age=0, s-maxage={seconds}"
    if MAKING not in request.environ:  # else the page cache tags what it keeps, and answers who has it already
        response.add_etag()
        response.make_conditional(request)
    return response


def init_app(app: Flask) -> None:
    app.session_interface = LazySessions()
    manager.init_app(app, add_context_processor=False)  # the processor would load the user on every render

    @app.context_processor
    def who() -> dict[str, Any]:
        notices = get_flashed_messages(with_categories=True) if has_cookie() else []
        return {"account": account(), "notices": notices}

    app.after_request(note_seen)

    @app.after_request
    def keep_private(response: Response) -> Response:
        """What was made for somebody is never stored by caches, whether the view thought of it or not."""
        if "_login_user" in g and "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "private, no-store"
        return response
