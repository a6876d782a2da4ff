"""Pictures fetched for an import: from where they are and from nowhere else, within limits."""

import re
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from flask import Flask

from blueprints.ops.importing import download
from blueprints.ops.importing.download import NotFetched, fetch, is_public
from models import Article, Picture, db
from tests.wxr_tools import export, item, jpeg, run

LARGEST = 50_000


class Web(ThreadingHTTPServer):
    """A real server; `asked` are the paths it was asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []
        self.address = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Web

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        name = self.path.strip("/").partition("?")[0]
        getattr(self, f"give_{name.partition('/')[0].partition('.')[0]}", self.give_nothing)(name)

    def give(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for header, value in headers.items():
            self.send_header(header.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def give_boat(self, _name: str) -> None:
        data = jpeg(32, 20)
        self.give(200, data, Content_Type="image/jpeg", Content_Length=str(len(data)))

    def give_page(self, _name: str) -> None:
        self.give(200, b"<html>", Content_Type="text/html")

    def give_vast(self, _name: str) -> None:
        self.give(200, b"", Content_Type="image/jpeg", Content_Length=str(LARGEST + 1))

    def give_unsaid(self, _name: str) -> None:
        self.give(200, bytes(LARGEST + 1), Content_Type="image/jpeg")

    def give_short(self, _name: str) -> None:
        self.give(200, b"half", Content_Type="image/jpeg", Content_Length="100")

    def give_packed(self, _name: str) -> None:
        self.give(200, b"zz", Content_Type="image/jpeg", Content_Encoding="gzip")

    def give_to(self, name: str) -> None:
        self.give(302, Location="/" + name.partition("/")[2])

    def give_round(self, _name: str) -> None:
        self.give(302, Location="/round")

    def give_file(self, _name: str) -> None:
        self.give(302, Location="file:///etc/passwd")

    def give_inside(self, _name: str) -> None:
        self.give(302, Location=f"http://127.0.0.1:{self.server.server_port}/boat.jpg")

    def give_slowly(self, _name: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "image/jpeg")
        self.end_headers()
        try:
            for _ in range(200):
                self.wfile.write(b"x")
                time.sleep(0.05)
        except OSError:
            return

    def give_nothing(self, _name: str) -> None:
        self.give(404)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def database_url() -> str:
    """What may be fetched does not hang on the database."""
    return ""


@pytest.fixture
def web() -> Iterator[Web]:
    server = Web()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(5)


def get(address: str, *, allow_private: bool = True) -> bytes:
    return fetch(address, largest=LARGEST, takes=lambda kind: kind == "image/jpeg", allow_private=allow_private)


def test_a_file_is_fetched_through_a_redirect(web: Web) -> None:
    assert get(f"{web.address}/to/to/boat.jpg") == jpeg(32, 20)
    assert web.asked == ["/to/to/boat.jpg", "/to/boat.jpg", "/boat.jpg"]


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/lost", "it answers 404"),
        ("/page", "of the type text/html"),
        ("/vast", "larger than"),
        ("/unsaid", "larger than"),
        ("/short", "in part only"),
        ("/packed", "packed"),
        ("/round", "sent on more than 5 times"),
        ("/file", "not one of the web"),
    ],
)
def test_what_is_no_file_of_that_kind_is_refused(web: Web, path: str, sentence: str) -> None:
    with pytest.raises(NotFetched, match=sentence):
        get(web.address + path)


def test_a_server_cannot_keep_us_waiting(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "DEADLINE", 0.3)
    with pytest.raises(NotFetched, match="took too long"):
        get(f"{web.address}/slowly")


@pytest.mark.parametrize(
    "address",
    [
        "ftp://old.example/a",
        "http:///a",
        "http://a b/",
        "http://u:p@old.example/",
        "http://[::1",
        "http://h:99999/",
        "x",
    ],
)
def test_odd_addresses_are_refused(address: str) -> None:
    with pytest.raises(NotFetched):
        get(address)


def test_the_own_network_is_out_of_reach(web: Web) -> None:
    for host in ("127.0.0.1", "localhost", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1"):
        with pytest.raises(NotFetched, match=r"not a public address|not known"):
            get(f"http://{host}:{web.server_port}/boat.jpg", allow_private=False)
    assert web.asked == []


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("10.0.0.1", False),
        ("172.16.5.4", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),  # where clouds keep their secrets
        ("fd00:ec2::254", False),
        ("fe80::1%eth0", False),
        ("0.0.0.0", False),
        ("255.255.255.255", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("::1", False),
        ("::", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:93.184.216.34", True),
        ("::7f00:1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("2001:0:7f00:1::", False),
        ("ff02::1", False),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public


class Elsewhere:
    """The internet as far as sockets tell: names have the addresses given, public ones are this machine's server.

    Every look-up of a name gives its next answer, the last one for ever.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, port: int, **names: list[list[str]]) -> None:
        self.names = {name.replace("_", "."): answers for name, answers in names.items()}
        self.connected: list[str] = []
        self.port, self.connect = port, socket.create_connection
        monkeypatch.setattr(socket, "getaddrinfo", self.look_up)
        monkeypatch.setattr(socket, "create_connection", self.reach)

    def look_up(self, host: str, port: int, **_: object) -> list:
        answers = self.names.get(host, [[host]])
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    def reach(self, address: tuple[str, int], timeout: float) -> socket.socket:
        self.connected.append(address[0])
        real = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        real.settimeout(timeout)
        real.connect(("127.0.0.1", self.port))
        return real


PUBLIC = "93.184.216.34"


def test_a_public_server_cannot_send_us_inside(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    Elsewhere(monkeypatch, web.server_port, old_example=[[PUBLIC]])
    assert get("http://old.example/to/boat.jpg", allow_private=False) == jpeg(32, 20)
    with pytest.raises(NotFetched, match="127.0.0.1 is not a public address"):
        get("http://old.example/inside", allow_private=False)
    assert web.asked[-1] == "/inside"


def test_a_name_that_changes_its_address_gains_nothing(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    net = Elsewhere(monkeypatch, web.server_port, old_example=[[PUBLIC], ["127.0.0.1"]])
    assert get("http://old.example/boat.jpg", allow_private=False) == jpeg(32, 20)
    assert net.connected == [PUBLIC]  # looked up once: the checked address is the one that was reached
    with pytest.raises(NotFetched, match="not a public address"):
        get("http://old.example/boat.jpg", allow_private=False)
    assert net.connected == [PUBLIC]


def test_one_private_address_among_public_ones_is_enough(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    net = Elsewhere(monkeypatch, web.server_port, old_example=[[PUBLIC, "10.0.0.1"]])
    with pytest.raises(NotFetched, match="not a public address"):
        get("http://old.example/boat.jpg", allow_private=False)
    assert net.connected == []


@pytest.fixture
def file(tmp_path: Path, web: Web) -> Path:
    text = f'<img src="{web.address}/boat-300x200.jpg" alt="Boat"> <img src="{web.address}/lost.jpg" alt="Lost">'
    return export(tmp_path, item(1, text), site=web.address)


def body() -> str:
    found = Article.by_slug("story-1")
    assert found
    return found.body_html


def test_an_import_fetches_pictures_when_told(app: Flask, file: Path, web: Web) -> None:
    said = run(app, file, "--download", "--allow-private-addresses")
    picture = db.session.scalars(db.select(Picture)).one()
    assert f"/media/{picture.key}" in body() and picture.imported_from == f"{web.address}/boat.jpg"
    assert f'<a href="{web.address}/lost.jpg">Picture: Lost</a>' in body()
    assert f"the picture {web.address}/lost.jpg became a link: it answers 404." in said


def test_a_server_that_fails_is_not_asked_for_ever(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # does not listen
        gone = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        tried: list[object] = []
        connect = socket.create_connection
        monkeypatch.setattr(socket, "create_connection", lambda *given: tried.append(given) or connect(*given))
        text = "".join(f'<img src="{gone}/{number}-300x200.jpg">' for number in range(20))
        said = run(app, export(tmp_path, item(1, text)), "--download", "--allow-private-addresses")
    assert len(tried) == 3 and re.search(r"\b20  pictures that could not be had", said)


def test_an_import_stays_out_of_the_own_network_unless_told(app: Flask, file: Path, web: Web) -> None:
    said = run(app, file, "--download")
    assert "127.0.0.1 is not a public address" in said and web.asked == []
    assert db.session.scalars(db.select(Picture)).all() == [] and "Picture: Boat" in body()


def test_without_being_told_nothing_is_fetched(app: Flask, file: Path, web: Web) -> None:
    assert "--download" in run(app, file)  # says how
    run(app, file, "--download", "--allow-private-addresses", "--dry-run")
    assert web.asked == []


def test_a_dry_run_says_how_much_it_would_fetch(app: Flask, file: Path, web: Web) -> None:
    said = run(app, file, "--download", "--allow-private-addresses", "--dry-run")
    assert "2 of the pictures would be fetched from the web, where each may be missing." in said
    assert web.asked == [] and not list((app.config["DATA"] / "media").glob("*"))
