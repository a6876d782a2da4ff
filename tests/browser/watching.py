"""What a browser noticed about our pages that nobody looking at them would see."""

from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Page, Request, Response


class Watch:
    """Collects complaints: requests to strangers, errors on the console (a refusal by the Content-Security-Policy
    is one), failures in scripts, broken parts, answers of 500 and more."""

    def __init__(self, ours: set[str]) -> None:
        self.ours = ours
        self.complaints: list[str] = []

    def over(self, page: Page) -> None:
        page.on("request", self._request)
        page.on("response", self._response)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"script failed on {page.url}: {error}"))

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and f"{parts.scheme}://{parts.netloc}" not in self.ours:
            self.complaints.append(f"a request to a stranger: {request.url}")

    def _response(self, response: Response) -> None:
        whole_page = response.request.resource_type == "document"  # may be a 404 or 422, which the tests look at
        if response.status >= (500 if whole_page else 400):
            self.complaints.append(f"{response.status} {response.request.method} {response.url}")

    def _console(self, message: ConsoleMessage) -> None:
        # A failed load is judged above, where its kind is known.
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self.complaints.append(f"console: {message.text}")
