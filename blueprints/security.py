"""The one cross-site guard, the headers of every answer, and whom a limit counts."""

import hashlib
import hmac
import ipaddress
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, request

SIGNED_ELSEWHERE = {"payments.webhook"}  # Stripe signs the body instead


def policy(checkout: str) -> str:
    """`checkout`: the payment page's origin; Chromium checks the redirect after a POST against form-action.

    No nonce: script and style are files, so that a page can be cached.
    """
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "font-src 'self'",
            "connect-src 'self'",
            "media-src 'self'",
            "manifest-src 'self'",
            f"form-action 'self' {checkout}",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "object-src 'none'",
        ]
    )


def network() -> str:
    """Who asks: the IPv4 address, or the /64 that one IPv6 household has."""
    try:
        address = ipaddress.ip_address((request.remote_addr or "").partition("%")[0])
    except ValueError:
        return "unknown"
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network(f"{address}/64", strict=False))


def bucket(what: str, who: str) -> str:
    """What is counted, and of whom: an address, of mail or network, is kept as a keyed hash only."""
    key = current_app.config["SECRET_KEY"].encode()
    return f"{what}:{hmac.new(key, who.encode(), hashlib.sha256).hexdigest()[:40]}"


def refuse_cross_site() -> None:
    """Refuse every change that another site's page asked for. No view can forget to."""
    if request.method in {"GET", "HEAD", "OPTIONS"} or request.endpoint in SIGNED_ELSEWHERE:
        return
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site:
        ours = site in {"same-origin", "none"}  # "same-site" is another port or subdomain
    elif origin:  # plain http away from localhost: browsers then send no Sec-Fetch-Site
        ours = urlsplit(origin).netloc == request.host
    else:
        ours = True  # no browser of this decade, so no cookie was added for someone else
    if not ours:
        abort(403, "This form was sent from another site. Open the page here and try again.")


def refuse_nul() -> None:
    """Refuse the character no text holds and PostgreSQL cannot keep, wherever it stands."""
    sent = [request.path, *request.args.values()]
    if request.method == "POST" and request.endpoint not in SIGNED_ELSEWHERE:
        sent += request.form.values()
    if any("\0" in text for text in sent):
        abort(400, "This holds a character that cannot be kept. Remove it and send it again.")


def init_app(app: Flask) -> None:
    host = urlsplit(app.config["SITE_URL"]).hostname or "127.0.0.1"
    app.config["TRUSTED_HOSTS"] = (
        ["127.0.0.1", "localhost", "[::1]"] if app.config["SANDBOX"] else [host, "127.0.0.1", "localhost"]
    )
    base = app.config["STRIPE_API_BASE"]
    headers = {
        "Content-Security-Policy": policy(base.rstrip("/") if base else "https://checkout.stripe.com"),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }

    @app.after_request
    def add_headers(response: Response) -> Response:
        given = {name for name, _ in response.headers}
        response.headers.extend([(name, value) for name, value in headers.items() if name not in given])
        if request.is_secure:
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        return response

    app.before_request(refuse_cross_site)
    app.before_request(refuse_nul)
