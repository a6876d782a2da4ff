"""The sandbox as a WSGI application: Stripe's API, the hosted page, and the back room."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from .api import Api
from .backstage import Backstage
from .chaos import CutConnection
from .checkout_page import CheckoutPage
from .deliveries import Courier
from .guard import from_here, own_post, protect
from .store import Store

STYLE = (Path(__file__).parent / "static" / "sandbox.css").read_bytes()
LARGEST_FORM = 64 * 1024


class Sandbox:
    """Call it as a WSGI application; `close()` when done. It delivers events from threads of its own."""

    def __init__(self, state: Path, clock: Callable[[], float] = time.time) -> None:
        state.mkdir(parents=True, exist_ok=True)
        self.store = Store(state / "stripe_sandbox.sqlite3", clock)
        self.api = Api(self.store)
        self.courier = Courier(self.store, self.api.catch_up)
        self.store.after_commit = self.courier.wake
        page = CheckoutPage(self.store, self.api.catch_up)
        backstage = Backstage(self.store)
        self.map = Map(
            [
                Rule("/c/pay/<id>", endpoint=page, methods=["GET", "POST"], defaults={"verb": ""}),
                Rule("/c/pay/<id>/<any(back, code, later):verb>", endpoint=page, methods=["POST"]),
                Rule("/static/sandbox.css", endpoint=style, methods=["GET"]),
                Rule("/", endpoint=front, methods=["GET"]),
                *backstage.rules(),
            ],
            merge_slashes=False,
            redirect_defaults=False,
        )
        self.closed = False
        self.courier.start()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        request.max_form_memory_size = LARGEST_FORM
        return self.respond(request)(environ, start_response)

    def respond(self, request: Request) -> Response:
        if not from_here(request):
            return Response("The sandbox answers to this machine's own names only.\n", 400)
        if request.path.startswith("/v1/"):
            return self.api(request)
        try:
            if request.method not in ("GET", "HEAD") and not own_post(request):
                return protect(Response("This form was sent from another site.\n", 403))
            endpoint, values = self.map.bind_to_environ(request.environ).match()
            return endpoint(request, **values)
        except CutConnection:
            raise
        except NotFound:
            return protect(Response("There is no such page in this sandbox.\n", 404))
        except HTTPException as error:
            return error.get_response(request.environ)

    def close(self) -> None:
        self.closed = True
        self.courier.stop()
        self.store.close()


def style(request: Request) -> Response:
    return Response(STYLE, content_type="text/css; charset=utf-8", headers={"X-Content-Type-Options": "nosniff"})


def front(request: Request) -> Response:
    return protect(Response(status=303, headers={"Location": "/_sandbox/"}))
