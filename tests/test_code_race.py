"""Forty buyers at the same moment want a code that has ten uses: ten get it, thirty are told so."""

from queue import Empty

import pytest
from sqlalchemy import func

from models import Code, Order, Redemption, db
from models.order import OrderStatus
from tests import forked
from tests.conftest import browser, open_site, sited
from tests.makers import make_code, make_offer

BUYERS, USES = 40, 10


def buy(number: int, settings: dict, start, answers) -> None:  # type: ignore[no-untyped-def]
    """One buyer, in a process and an instance of the site of its own."""
    app = sited(settings)
    client = browser(app)
    client.environ_base["REMOTE_ADDR"] = f"10.0.0.{number}"
    data = {
        "edition": "pro",
        "code": "LASTTEN",
        "email": f"buyer{number}@example.org",
        "consent": "y",
        "attempt": f"attempt {number}",
    }
    assert client.get("/offers/china-internet-report").status_code == 200  # the page is open in front of everyone
    start.wait(60)
    reply = client.post("/offers/china-internet-report/checkout", data=data)
    answers.put((number, reply.status_code, reply.headers.get("Location", ""), "has been used up" in reply.text))


@pytest.fixture
def settings(settings: dict, sandbox, database_url: str) -> dict:
    return settings | {"STRIPE_API_BASE": sandbox.base, "DATABASE_URL": database_url}


def test_ten_of_forty_get_the_code(settings: dict, sandbox) -> None:
    app = open_site(settings)
    with app.app_context():
        make_code(make_offer(), "LASTTEN", max_redemptions=USES)
        db.session.remove()
        db.engine.dispose()

    context = forked.processes()
    start, answers = context.Barrier(BUYERS), context.Queue()
    buyers = [
        context.Process(target=buy, args=(number, settings, start, answers), daemon=True) for number in range(BUYERS)
    ]
    for buyer in buyers:
        buyer.start()
    got = []
    try:
        for _ in buyers:
            got.append(answers.get(timeout=60))
    except Empty:
        pytest.fail(f"only {len(got)} of {BUYERS} answered")
    finally:
        for buyer in buyers:
            buyer.join(10)
            if buyer.is_alive():
                buyer.kill()

    gone_on = [where for _, status, where, _ in got if status == 303]
    told = [number for number, status, _, polite in got if status == 200 and polite]
    assert (len(gone_on), len(told)) == (USES, BUYERS - USES), sorted(status for _, status, _, _ in got)
    assert len(set(gone_on)) == USES
    assert all(where.startswith(sandbox.base) for where in gone_on)

    with app.app_context():
        orders = db.session.scalars(db.select(Order)).all()
        assert len(orders) == USES
        assert all(o.status is OrderStatus.PENDING and o.total.minor == 28000 and o.checkout_session for o in orders)
        assert db.session.scalar(db.select(func.count()).select_from(Redemption)) == USES
        code = db.session.scalars(db.select(Code)).one()
        assert code.taken(orders[0].created_at) == USES
        db.session.remove()
        db.engine.dispose()
    sessions = sandbox.v1.checkout.sessions.list({"limit": 100}).data
    assert len(sessions) == USES
    assert {session.amount_total for session in sessions} == {28000}
