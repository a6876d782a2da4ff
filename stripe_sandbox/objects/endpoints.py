"""Webhook endpoints, and the events they are told of."""

from urllib.parse import urlsplit

import stripe.params as shapes

from ..listing import page
from ..parameters import Params
from ..registry import SHOWN, metadata, route
from ..store import Transaction, new_id
from ..wire import API_VERSION, StripeError, Tree
from .catalog import save_changes

MOST_ENDPOINTS = 16


def check_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise StripeError("Invalid URL: it must begin with http:// or https://.", code="url_invalid", param="url")
    return url


@route("POST", "/v1/webhook_endpoints", shapes.WebhookEndpointCreateParams)
def create_endpoint(tx: Transaction, params: Params) -> Tree:
    version = params.get("api_version", API_VERSION)
    if version != API_VERSION:
        raise StripeError(f"This sandbox speaks {API_VERSION} only.", param="api_version")
    if len(tx.where("webhook_endpoint")) >= MOST_ENDPOINTS:
        raise StripeError(f"There are {MOST_ENDPOINTS} webhook endpoints already, as many as an account may have.")
    if params.get("connect"):
        raise StripeError("This sandbox has no connected accounts.", param="connect")
    endpoint = {
        "id": new_id("we_1"),
        "object": "webhook_endpoint",
        "api_version": version,
        "application": None,
        "created": tx.now,
        "description": params.get("description") or None,
        "enabled_events": params["enabled_events"],
        "livemode": False,
        "metadata": metadata(params),
        "status": "enabled",
        "url": check_url(params["url"]),
    }
    secret = new_id("whsec_", 32)
    tx.insert(endpoint, {"secrets": [{"secret": secret, "until": None}]})
    return endpoint | {"secret": secret}  # shown this once


def live_secrets(tx: Transaction, endpoint: Tree) -> list[str]:
    """All secrets that sign now: the newest first, and an older one until its rotation is over."""
    kept = tx.hidden(endpoint)["secrets"]
    return [entry["secret"] for entry in kept if entry["until"] is None or entry["until"] > tx.now]


def roll_secret(tx: Transaction, endpoint: Tree, overlap: int) -> str:
    """A new secret; the present ones go on signing for `overlap` seconds."""
    secret = new_id("whsec_", 32)
    kept = [
        entry | {"until": min(entry["until"] or tx.now + overlap, tx.now + overlap)}
        for entry in tx.hidden(endpoint)["secrets"]
    ]
    tx.hide(endpoint, secrets=[{"secret": secret, "until": None}, *kept])
    return secret


@route("GET", "/v1/webhook_endpoints", shapes.WebhookEndpointListParams)
def list_endpoints(tx: Transaction, params: Params) -> Tree:
    return page(tx, "webhook_endpoint", "/v1/webhook_endpoints", params)


@route("GET", "/v1/webhook_endpoints/<id>", shapes.WebhookEndpointRetrieveParams)
def get_endpoint(tx: Transaction, params: Params, id: str) -> Tree:
    return tx.get("webhook_endpoint", id)


@route("POST", "/v1/webhook_endpoints/<id>", shapes.WebhookEndpointUpdateParams)
def update_endpoint(tx: Transaction, params: Params, id: str) -> Tree:
    endpoint = tx.get("webhook_endpoint", id)
    changed: Tree = {"metadata": metadata(params, endpoint["metadata"])}
    if "url" in params:
        changed["url"] = check_url(params["url"])
    if "enabled_events" in params:
        changed["enabled_events"] = params["enabled_events"]
    if "description" in params:
        changed["description"] = params["description"] or None
    if "disabled" in params:
        changed["status"] = "disabled" if params["disabled"] else "enabled"
    return save_changes(tx, endpoint, changed)


@route("DELETE", "/v1/webhook_endpoints/<id>", shapes.WebhookEndpointDeleteParams)
def delete_endpoint(tx: Transaction, params: Params, id: str) -> Tree:
    endpoint = tx.get("webhook_endpoint", id)
    tx.sql("DELETE FROM delivery WHERE endpoint = ? AND state = 'pending'", (endpoint["id"],))
    return tx.delete("webhook_endpoint", id)


# Events


def show_event(tx: Transaction, event: Tree) -> Tree:
    """`pending_webhooks` counts deliveries that are neither through nor given up."""
    row = tx.sql(
        "SELECT count(*) AS waiting FROM delivery WHERE event = ? AND state = 'pending'", (event["id"],)
    ).fetchone()
    return event | {"pending_webhooks": row["waiting"]}


SHOWN["event"] = show_event


@route("GET", "/v1/events", shapes.EventListParams)
def list_events(tx: Transaction, params: Params) -> Tree:
    wanted, kinds = params.get("delivery_success"), params.get("types")
    if kinds and params.get("type"):
        raise StripeError("You may give either `type` or `types`, not both.", param="types")
    extra, values = "", []
    if kinds or params.get("type"):
        patterns = kinds or [params["type"]]
        extra += " AND (" + " OR ".join(["json_extract(body, '$.type') GLOB ?"] * len(patterns)) + ")"
        values += [kind.replace("[", "[[]").replace("?", "[?]") for kind in patterns]  # only * is a wild card
    if wanted is not None:
        missed = "EXISTS (SELECT 1 FROM delivery d WHERE d.event = object.id AND d.state != 'delivered')"
        extra += f" AND {'NOT ' if wanted else ''}{missed}"
    return page(tx, "event", "/v1/events", params, extra, values)


@route("GET", "/v1/events/<id>", shapes.EventRetrieveParams)
def get_event(tx: Transaction, params: Params, id: str) -> Tree:
    return tx.get("event", id)
