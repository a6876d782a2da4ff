"""Imported by the process that others are forked from, and by nobody else: it answers once, so that they know how."""

import tempfile
from pathlib import Path

from models import db
from tests.conftest import browser, sited
from tests.makers import make_code, make_offer

with tempfile.TemporaryDirectory() as folder:
    app = sited(
        {
            "DATA": Path(folder),
            "SECRET_KEY": "for tests only",
            "STRIPE_SECRET_KEY": "sk_test_masthead",
            "STRIPE_WEBHOOK_SECRETS": "whsec_for_tests",
            "STRIPE_API_BASE": "http://127.0.0.1:1",
            "TESTING": True,
        }
    )
    with app.app_context():
        db.create_all()
        make_code(make_offer())
        reader = browser(app)
        assert reader.get("/offers/china-internet-report").status_code == 200
        data = {"edition": "pro", "code": "WHATSONWEIBO30", "email": "robin@example.org", "consent": "y"}
        reader.post("/offers/china-internet-report/checkout", data=data)  # Stripe is away; all before it is known then
        db.session.remove()
        db.engine.dispose()
