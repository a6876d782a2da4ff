"""The site on a port of its own, wired to a real sandbox: webhooks travel over HTTP as they do outside."""

import socket
import threading
from pathlib import Path

from werkzeug.serving import make_server

from app import create_app
from models import db
from tests.sandbox_tools import Running


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Live:
    """Site and sandbox, each served by threads of this process, until `close()`."""

    def __init__(self, folder: Path, **overrides: object) -> None:
        self.sandbox = Running(folder / "sandbox")
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        endpoint = self.sandbox.v1.webhook_endpoints.create(
            {"url": f"{self.base}/stripe/webhook", "enabled_events": ["*"], "api_version": "2026-10-28.endive"}
        )
        self.settings = {
            "DATA": folder / "data",
            "SECRET_KEY": "for tests only",
            "SITE_URL": self.base,
            "STRIPE_SECRET_KEY": "sk_test_masthead",
            "STRIPE_WEBHOOK_SECRETS": endpoint.secret,
            "STRIPE_API_BASE": self.sandbox.base,
            "TESTING": True,
            **overrides,
        }
        self.app = create_app(self.settings)
        with self.app.app_context():
            db.create_all()
        self.server = make_server("127.0.0.1", self.port, self.app, threaded=True)
        self.server.daemon_threads = True  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.sandbox.close()
        self.server.shutdown()
        self.server.server_close()
        with self.app.app_context():
            db.session.remove()
            db.engine.dispose()
