"""/_sandbox/: what Stripe's dashboard and command line would do, and the chaos switches.

Pages and JSON at the same addresses: JSON when the request asks for it or was sent as JSON.

    GET   /_sandbox/                                  an overview with forms for all of this
    GET   /_sandbox/deliveries[?event=evt_…]          deliveries, newest first
    POST  /_sandbox/deliveries/<number>/resend        send once more
    POST  /_sandbox/events/<id>/resend                send an event once more to every endpoint
    GET, POST  /_sandbox/chaos                        switches for deliveries (chaos.py has them); {} ends it
    GET, POST  /_sandbox/faults                       what the next calls meet (chaos.py)
    POST  /_sandbox/faults/clear
    POST  /_sandbox/sessions/<id>/settle              outcome=arrives|fails for a delayed payment
    POST  /_sandbox/webhook_endpoints/<id>/roll       a new signing secret; overlap=seconds for the old one
    GET   /_sandbox/receipts/<charge>, /_sandbox/invoices/<invoice>   where their links lead
"""

from typing import Any

from werkzeug.exceptions import NotFound
from werkzeug.routing import Rule
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from . import chaos, deliveries
from .api import JSON, dump
from .checkout_page import pages
from .guard import protect
from .objects import completion, endpoints
from .objects.cart import KIND
from .store import Store, Transaction
from .wire import StripeError, Tree

SHOWN = 50
ADDRESSES = [
    ("GET /_sandbox/deliveries?event=", "deliveries, newest first; of one event"),
    ("POST /_sandbox/deliveries/<number>/resend", "send once more"),
    ("POST /_sandbox/events/<id>/resend", "send an event once more to every endpoint"),
    (
        "GET, POST /_sandbox/chaos",
        '{"duplicate": true, "delay": 2, "times": 3, "types": ["charge."]}; {} ends it',
    ),
    (
        "GET, POST /_sandbox/faults",
        '{"kind": "cut_after", "method": "POST", "prefix": "/v1/checkout", "remaining": 1}',
    ),
    ("POST /_sandbox/faults/clear", "no more faults"),
    ("POST /_sandbox/sessions/<id>/settle", '{"outcome": "arrives"} or "fails", for a delayed payment'),
    (
        "POST /_sandbox/webhook_endpoints/<id>/roll",
        '{"overlap": 3600}: a new secret, the old one for an hour more',
    ),
]


class Backstage:
    def __init__(self, store: Store) -> None:
        self.store = store

    def rules(self) -> list[Rule]:
        reads: list[tuple[str, Any]] = [
            ("/_sandbox/", self.overview),
            ("/_sandbox/deliveries", self.deliveries),
            ("/_sandbox/chaos", self.chaos),
            ("/_sandbox/faults", self.faults),
            ("/_sandbox/receipts/<id>", self.receipt),
            ("/_sandbox/invoices/<id>", self.invoice),
        ]
        writes: list[tuple[str, Any]] = [
            ("/_sandbox/deliveries/<int:number>/resend", resend),
            ("/_sandbox/events/<id>/resend", resend_event),
            ("/_sandbox/chaos", lambda tx, given: chaos.switch(tx, given)),
            ("/_sandbox/faults", chaos.add_fault),
            ("/_sandbox/faults/clear", lambda tx, given: chaos.clear_faults(tx)),
            ("/_sandbox/sessions/<id>/settle", settle),
            ("/_sandbox/webhook_endpoints/<id>/roll", roll),
        ]
        return [Rule(path, endpoint=act, methods=["GET"]) for path, act in reads] + [
            Rule(path, endpoint=self._writer(act), methods=["POST"]) for path, act in writes
        ]

    def _writer(self, act: Any) -> Any:
        def answer(request: Request, **values: Any) -> Response:
            try:
                with self.store.writing() as tx:
                    tx.origin = request.host_url.rstrip("/")
                    body = act(tx, given(request), **values)
            except StripeError as error:
                return protect(Response(dump(error.body), error.status, content_type=JSON))
            if request.form and not wants_json(request):
                return protect(redirect("/_sandbox/", 303))
            return protect(Response(dump(body), content_type=JSON))

        return answer

    def overview(self, request: Request) -> Response:
        with self.store.reading() as tx:
            waiting = [
                session
                for session in tx.where(KIND, status="complete", payment_status="unpaid")
                if tx.get("payment_intent", session["payment_intent"])["status"] == "processing"
            ]
            html = pages.get_template("backstage.html").render(
                deliveries=recent(tx, None),
                chaos=chaos.settings(tx),
                faults=chaos.faults(tx),
                waiting=waiting,
                endpoints=tx.where("webhook_endpoint"),
                retries=deliveries.RETRY_AFTER,
                timeout=deliveries.TIMEOUT,
                switches=chaos.DELIVERY_SWITCHES,
                kinds=chaos.FAULTS,
                addresses=ADDRESSES,
            )
        return protect(Response(html, content_type="text/html; charset=utf-8"))

    def deliveries(self, request: Request) -> Response:
        with self.store.reading() as tx:
            return protect(Response(dump({"deliveries": recent(tx, request.args.get("event"))}), content_type=JSON))

    def chaos(self, request: Request) -> Response:
        with self.store.reading() as tx:
            return protect(Response(dump(chaos.settings(tx)), content_type=JSON))

    def faults(self, request: Request) -> Response:
        with self.store.reading() as tx:
            return protect(Response(dump({"faults": chaos.faults(tx)}), content_type=JSON))

    def receipt(self, request: Request, id: str) -> Response:
        return self._paper("charge", id)

    def invoice(self, request: Request, id: str) -> Response:
        return self._paper("invoice", id)

    def _paper(self, kind: str, id: str) -> Response:
        with self.store.reading() as tx:
            obj = tx.find(kind, id)
        if obj is None:
            raise NotFound
        html = pages.get_template("paper.html").render(kind=kind, obj=obj)
        return protect(Response(html, content_type="text/html; charset=utf-8"))


def wants_json(request: Request) -> bool:
    return request.accept_mimetypes.best_match(["text/html", JSON]) == JSON


def given(request: Request) -> Tree:
    if request.mimetype == JSON:
        body = request.get_json(silent=True)
        if not isinstance(body, dict):
            raise StripeError("Send a JSON object.")
        return body
    return {name: value for name, value in request.form.items() if value != ""}


def recent(tx: Transaction, event: str | None) -> list[Tree]:
    rows = tx.sql(
        "SELECT d.*, json_extract(o.body, '$.type') AS type FROM delivery d"
        " LEFT JOIN object o ON o.kind = 'event' AND o.id = d.event"
        " WHERE d.event = coalesce(?, d.event) ORDER BY d.id DESC LIMIT ?",
        (event, SHOWN),
    )
    return [dict(row) for row in rows.fetchall()]


def resend(tx: Transaction, given: Tree, number: int) -> Tree:
    if not deliveries.resend(tx, number):
        raise StripeError(f"There is no delivery {number}.", status=404)
    return {"resent": [number]}


def resend_event(tx: Transaction, given: Tree, id: str) -> Tree:
    event = tx.get("event", id)
    rows = tx.sql("SELECT id FROM delivery WHERE event = ?", (event["id"],)).fetchall()
    for row in rows:
        deliveries.resend(tx, row["id"])
    return {"resent": [row["id"] for row in rows]}


def settle(tx: Transaction, given: Tree, id: str) -> Tree:
    outcome = given.get("outcome")
    if outcome not in ("arrives", "fails"):
        raise StripeError("`outcome` is arrives or fails.", param="outcome")
    session = tx.get(KIND, id)
    if session["status"] != "complete" or not session["payment_intent"]:
        raise StripeError("This session is not waiting for a payment.", param="id")
    return completion.settle(tx, session, outcome == "arrives")


def roll(tx: Transaction, given: Tree, id: str) -> Tree:
    endpoint = tx.get("webhook_endpoint", id)
    overlap = int(given.get("overlap", 0)) if str(given.get("overlap", 0)).isdigit() else 0
    return endpoint | {"secret": endpoints.roll_secret(tx, endpoint, overlap)}
