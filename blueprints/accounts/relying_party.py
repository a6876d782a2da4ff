"""For whom passkeys sign: the site by its name, as SITE_URL has it."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import current_app, request


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """`id` is the domain that keys are tied to, `origin` the only address that may ask for a signature."""

    id: str
    origin: str
    name: str

    @property
    def is_here(self) -> bool:
        """Whether this page was opened at that address: nowhere else a browser would sign."""
        return urlsplit(self.origin).netloc == request.host


def of_site(site_url: str, name: str) -> RelyingParty | None:
    """None where the site has a number for a name, which browsers do not take (Web Authentication, 5.1.2).

    On this very machine the number has a name: 127.0.0.1 is `localhost`.
    """
    parts = urlsplit(site_url)
    host, port = parts.hostname or "", f":{parts.port}" if parts.port else ""
    try:
        if not ipaddress.ip_address(host).is_loopback:
            return None
        host = "localhost"
    except ValueError:  # a name, as it should be
        pass
    return RelyingParty(id=host, origin=f"{parts.scheme}://{host}{port}", name=name)


def here() -> RelyingParty | None:
    return of_site(current_app.config["SITE_URL"], current_app.config["SITE_NAME"])
