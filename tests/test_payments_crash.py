"""The site is killed (SIGKILL) after Stripe took the money and before we wrote it down, and started again."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from models import Order, Outbox, Payment, StripeEvent, db
from models.order import OrderStatus
from models.patronage import DonationStatus
from tests.conftest import open_site
from tests.live import free_port
from tests.makers import make_code, make_offer
from tests.paying import begin_gift, begin_order, pay
from tests.sandbox_tools import Running, until

ROOT = Path(__file__).parent.parent


class Site:
    """A real process of the site, in a process group of its own."""

    def __init__(self, settings: dict, port: int, folder: Path) -> None:
        self.port, self.log = port, folder / "site.log"
        ours = {name: str(value) for name, value in settings.items() if name != "TESTING"}
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self.env = kept | ours | {"FLASK_APP": "app.py", "FLASK_DEBUG": "0", "PYTHONUNBUFFERED": "1"}
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        command = [
            sys.executable,
            "-m",
            "gunicorn",
            "--no-control-socket",
            "--worker-class",
            "gthread",
            "--threads",
            "4",
            "--bind",
            f"127.0.0.1:{self.port}",
            "--log-level",
            "error",
            "app:create_app()",
        ]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=self.env, stdout=log, stderr=log, start_new_session=True
            )
        until(self.answers, 90)

    def answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        try:
            return requests.get(f"http://127.0.0.1:{self.port}/healthz", timeout=5).ok
        except requests.RequestException:
            return False

    def kill(self) -> None:
        """SIGKILL for every process of the site; nothing can tidy up."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)
            self.process = None

    def command(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "flask", *arguments],
            cwd=ROOT,
            env=self.env,
            timeout=120,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def settings(settings, sandbox, database_url):
    port = free_port()
    endpoint = sandbox.v1.webhook_endpoints.create(
        {"url": f"http://127.0.0.1:{port}/stripe/webhook", "enabled_events": ["*"], "api_version": "2026-10-28.endive"}
    )
    return settings | {
        "STRIPE_API_BASE": sandbox.base,
        "STRIPE_WEBHOOK_SECRETS": endpoint.secret,
        "DATABASE_URL": database_url,
        "PORT": str(port),
        "SITE_URL": f"http://127.0.0.1:{port}",
    }


@pytest.fixture
def site(settings, tmp_path) -> Iterator[Site]:
    site = Site(settings, int(settings["PORT"]), tmp_path)
    yield site
    site.kill()


def kill_between_charge_and_commit(site: Site, sandbox: Running, url: str, reads: str) -> None:
    """Pay, and kill the site while it reads the payment again from Stripe, which a fault makes slow."""
    slow = {"kind": "slow", "seconds": 8, "method": "GET", "prefix": reads}
    assert sandbox.backstage("faults", slow)["faults"]
    pay(sandbox, url)
    until(lambda: not faults_left(sandbox), 30)
    site.kill()


def faults_left(sandbox: Running) -> list:
    asked = requests.get(f"{sandbox.base}/_sandbox/faults", headers={"Accept": "application/json"}, timeout=10)
    return asked.json()["faults"]


def fresh(row):
    db.session.rollback()
    db.session.refresh(row)
    return row


def charges(sandbox: Running) -> list[str]:
    return [charge.status for charge in sandbox.v1.charges.list().data]


@pytest.mark.parametrize(("what", "repaired_by"), [("order", "webhook"), ("gift", "reconcile")])
def test_a_kill_between_charge_and_commit_ends_in_one_charge_one_row_one_mail(
    site, settings, sandbox, what, repaired_by
):
    app = open_site(settings)
    with app.app_context():
        offer = make_offer()
        code = make_code(offer, max_redemptions=1)
        row, url = begin_order(offer, code) if what == "order" else begin_gift("month")
        read, told_by = (
            ("/v1/checkout/sessions/", "checkout.session.completed")
            if what == "order"
            else ("/v1/invoices/", "invoice.paid")
        )
        site.start()
        kill_between_charge_and_commit(site, sandbox, url, read)

        assert charges(sandbox) == ["succeeded"]
        assert fresh(row).status in {OrderStatus.PENDING, DonationStatus.PENDING}
        assert db.session.scalars(db.select(Payment)).all() == []
        assert db.session.scalar(db.select(StripeEvent).where(StripeEvent.type == told_by)) is None
        db.session.rollback()

        if repaired_by == "reconcile":
            sandbox.backstage("chaos", {"drop": True})
            site.command("reconcile")
        site.start()
        until(lambda: fresh(row).paid_at and db.session.scalars(db.select(Payment)).all(), 90)
        for _ in range(2):
            site.command("worker", "--once")  # reconciles too, before it sends

        assert charges(sandbox) == ["succeeded"]
        [payment] = db.session.scalars(db.select(Payment))
        assert payment.amount == (row.total if isinstance(row, Order) else row.amount)
        assert fresh(row).status in {OrderStatus.PAID, DonationStatus.PAID}
        assert code.used() == (1 if what == "order" else 0)
        [letter] = db.session.scalars(db.select(Outbox))
        assert letter.done_at is not None, letter.last_error
        assert len(list((settings["DATA"] / "mail").glob("*.eml"))) == 1
        db.session.remove()
        db.engine.dispose()
