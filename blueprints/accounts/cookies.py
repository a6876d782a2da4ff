"""Signed cookies of the account's pages, sent to these alone: all other pages stay the same for everybody."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from flask import current_app, request
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.wrappers import Response

R = TypeVar("R", bound=Response)  # a redirect is not of Flask's own class


@dataclass(frozen=True, slots=True)
class SignedCookie:
    """A value that the browser keeps and cannot change; `path` says which pages it is sent to."""

    name: str
    path: str
    life: timedelta

    def read(self) -> str:
        """What was set, "" when it is missing, forged or older than `life`."""
        try:
            seconds = int(self.life.total_seconds())
            return str(self._serializer().loads(request.cookies.get(self.name, ""), max_age=seconds))
        except BadSignature:
            return ""

    def set(self, response: R, value: str) -> R:
        response.set_cookie(
            self.name,
            str(self._serializer().dumps(value)),
            max_age=self.life,
            path=self.path,
            secure=current_app.config["SESSION_COOKIE_SECURE"],
            httponly=True,
            samesite="Lax",
        )
        return response

    def _serializer(self) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt=self.name)
