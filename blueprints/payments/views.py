"""The address Stripe tells its events to."""

from flask import Blueprint, request
from werkzeug.exceptions import RequestEntityTooLarge

from blueprints.payments import events, gateway, letters
from blueprints.payments.stripe_gateway import Tree
from models import begin_write, db, utcnow

LARGEST = 256 * 1024  # bytes; Stripe's events are far smaller

Answer = tuple[str, int, dict[str, str]]
bp = Blueprint("payments", __name__)


def answer(text: str, status: int) -> Answer:
    return text + "\n", status, {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}


@bp.post("/stripe/webhook")
def webhook() -> Answer:
    """Take one signed event. 200 once its work is committed, or had been; 503 when it should come again."""
    request.max_content_length = LARGEST
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge:
        return answer("too large", 413)
    try:
        event = gateway.current().read_webhook(body, request.headers.get("Stripe-Signature", ""))
    except gateway.BadSignature as error:
        return answer(str(error), 400)
    if event["livemode"] is not gateway.current().livemode:
        return refuse_other_mode(event)
    try:
        new = events.receive(event, utcnow())
    except gateway.GatewayUnavailable as error:
        return answer(f"{error}; please send this again", 503)
    return answer("done" if new else "known already", 200)


def refuse_other_mode(event: Tree) -> Answer:
    """An event of the live account at a test site, or the other way round, is somebody's wrong setting."""
    begin_write()
    letters.alert(
        "an event of the other mode arrived",
        f"mode:{event['id']}",
        f"Event {event['id']} has livemode {event['livemode']}, and this site's key has not. It was refused: look "
        "at which webhook address is set where in Stripe's dashboard.",
    )
    db.session.commit()
    return answer("this site has a key of the other mode", 400)
