"""Calls to /v1/…: who calls, what is meant, one transaction, and the reply as Stripe sends it."""

import base64
import binascii
import json
import time
from typing import Any, cast
from urllib.parse import unquote

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from . import objects  # noqa: F401  (fills the registry)
from .chaos import CutConnection, take_fault
from .expand import expand
from .idempotency import LONGEST, InFlight, save_reply, saved_reply
from .parameters import check
from .registry import WHEN_DUE, Route, show, url_map
from .store import Store, Transaction, new_id
from .wire import API_VERSION, StripeError, Tree, parse_form

LARGEST_BODY = 1024 * 1024
JSON = "application/json"


class Api:
    """Answers API calls against one store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.in_flight = InFlight()
        self.map = url_map()

    def __call__(self, request: Request) -> Response:
        id = new_id("req_", 14)
        headers = {"Request-Id": id, "Stripe-Version": API_VERSION}
        key = request.headers.get("Idempotency-Key") if request.method == "POST" else None
        if key:
            headers["Idempotency-Key"] = key
        try:
            status, body, extra = self._answer(request, id, key)
        except StripeError as error:
            status, body, extra = error.status, dump(error.body), {}
        return Response(body, status, headers | extra, content_type=JSON)

    def _answer(self, request: Request, id: str, key: str | None) -> tuple[int, str, dict[str, str]]:
        _authenticate(request)
        version = request.headers.get("Stripe-Version", API_VERSION)
        if version != API_VERSION:
            raise StripeError(f"Invalid Stripe API version: {version}. This sandbox speaks {API_VERSION} only.")
        if key is not None and not 0 < len(key) <= LONGEST:
            raise StripeError(f"An idempotency key has at most {LONGEST} characters.", type="idempotency_error")
        fault = take_fault(self.store, request.method, request.path)
        if fault and fault["kind"] == "cut_before":
            raise CutConnection
        route, ids = self._route(request)
        tree = parse_form(_sent(request))
        with self.in_flight.claim(key):
            if fault and fault["kind"] == "slow":
                time.sleep(fault["seconds"])
            injected = fault["status"] if fault and fault["kind"] == "status" else None
            answer = self._once(route, ids, tree, request, id, key, injected)
        if fault and fault["kind"] == "cut_after":
            raise CutConnection
        return answer

    def _route(self, request: Request) -> tuple[Route, dict[str, str]]:
        try:
            route, ids = self.map.bind("sandbox").match(request.path, request.method)
        except HTTPException as error:
            raise StripeError(
                f"Unrecognized request URL ({request.method}: {request.path}): not in this sandbox.",
                status=404,
            ) from error
        return cast(Route, route), dict(ids)

    def _once(
        self,
        route: Route,
        ids: dict[str, str],
        tree: Tree,
        request: Request,
        id: str,
        key: str | None,
        injected: int | None,
    ) -> tuple[int, str, dict[str, str]]:
        """Runs the call, or gives back what it gave the first time."""
        path, origin = request.path, request.host_url.rstrip("/")
        self.catch_up(origin)
        if request.method == "GET" and not route.path.startswith("/v1/payment_methods/<id>"):
            with self.store.reading() as tx:
                return self._run(tx, route, ids, tree, origin, injected)
        if key:
            with self.store.reading() as tx:
                saved = saved_reply(tx, key, path, tree)
            if saved:
                status, body, first = saved
                return (
                    status,
                    body,
                    {"Idempotent-Replayed": "true", "Original-Request": first, "Request-Id": first},
                )
        try:
            with self.store.writing(id, key) as tx:
                try:
                    answer = self._run(tx, route, ids, tree, origin, injected)
                except StripeError as error:
                    if key and error.keeps:
                        save_reply(tx, key, path, tree, error.status, dump(error.body))
                    raise
                if key:
                    save_reply(tx, key, path, tree, answer[0], answer[1])
                return answer
        except StripeError as error:
            if key and error.status >= 500:
                with self.store.writing(id, key) as tx:
                    save_reply(tx, key, path, tree, error.status, dump(error.body))
            raise

    def _run(
        self,
        tx: Transaction,
        route: Route,
        ids: dict[str, str],
        tree: Tree,
        origin: str,
        injected: int | None,
    ) -> tuple[int, str, dict[str, str]]:
        tx.origin = origin
        params = check(tree, route.shape)
        if injected:
            raise injected_failure(injected)
        reply = route.act(tx, params, **{name: unquote(value) for name, value in ids.items()})
        params.refuse_unused()
        return 200, dump(expand(tx, shown(tx, reply), params.get("expand") or [])), {}

    def catch_up(self, origin: str = "") -> None:
        """Does what time alone has made due: sessions that expire, delayed payments that arrive."""
        with self.store.reading() as tx:
            if not tx.overdue():
                return
        with self.store.writing() as tx:
            tx.origin = origin
            for obj in tx.overdue():
                WHEN_DUE[obj["object"]](tx, obj)


def shown(tx: Transaction, reply: Tree) -> Tree:
    if reply.get("object") == "list":
        return reply | {"data": [show(tx, obj) for obj in reply["data"]]}
    return show(tx, reply)


def dump(body: Any) -> str:
    return json.dumps(body, indent=2) + "\n"


def injected_failure(status: int) -> StripeError:
    """What the chaos switch `status` answers with."""
    kind = {429: "rate_limit_error", 401: "authentication_error", 403: "permission_error"}.get(status, "api_error")
    return StripeError(f"The sandbox was told to answer {status}.", status=status, type=kind)


def _authenticate(request: Request) -> None:
    given = request.headers.get("Authorization", "")
    scheme, _, value = given.partition(" ")
    key = value.strip()
    if scheme.lower() == "basic":
        try:
            key = base64.b64decode(key, validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            key = ""
    if scheme.lower() not in ("bearer", "basic") or not key.startswith("sk_test_") or len(key) <= len("sk_test_"):
        message = (
            "You did not provide an API key."
            if not given
            else "Invalid API key provided: the sandbox takes sk_test_… only."
        )
        raise StripeError(message, status=401)


def _sent(request: Request) -> str:
    """The parameters as text; those of a POST stand in its body."""
    if request.method in ("GET", "DELETE") and request.query_string:
        return request.query_string.decode("utf-8", "replace")
    if (request.content_length or 0) > LARGEST_BODY:
        raise StripeError("The request body is too large.", status=413)
    body = request.get_data(cache=False)
    if body and request.mimetype not in ("application/x-www-form-urlencoded", ""):
        raise StripeError("Send parameters as application/x-www-form-urlencoded.")
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise StripeError("The request body is not UTF-8.") from error
