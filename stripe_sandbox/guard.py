"""Who may post to the sandbox's own pages, and the headers those pages carry."""

from urllib.parse import urlsplit

from werkzeug.wrappers import Request, Response

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def from_here(request: Request) -> bool:
    """Whether the caller asked for this machine: another name that points here could be anyone's."""
    return (urlsplit(f"//{request.host}").hostname or "") in LOOPBACK


def own_post(request: Request) -> bool:
    """A post from one of our own pages, or from a program (which sends neither header)."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is None or origin == request.host_url.rstrip("/")


def origin_of(url: str | None) -> str:
    parts = urlsplit(url or "")
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") and parts.netloc else ""


def protect(response: Response, *leads_to: str | None) -> Response:
    """Headers for a page. Browsers check the redirect after a form too: `leads_to` is where that may go."""
    origins = " ".join(sorted({origin_of(url) for url in leads_to} - {""}))
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' {origins}".rstrip()
        + "; base-uri 'none'; frame-ancestors 'none'"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "no-store"
    return response
