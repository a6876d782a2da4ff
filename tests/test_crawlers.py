"""Search engines read what is metered, known by their address and by nothing else; nobody else is given their page."""

import ipaddress
import json
import re
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from blueprints.metering import crawlers
from blueprints.ops.crawlers import DNS, look_up_one
from models import CrawlerClaim, CrawlerNetwork, Publication, begin_write, db, utcnow
from models.crawler import GOOD_FOR, MOST, WAITS
from models.crawling import CRAWLERS, Lookups, claimed, is_proven, read_list
from models.metering import Access, Mode
from tests.accounts_tools import visit
from tests.makers import make_article, make_editor, sign_in

SECRET = "The part that has to be paid for."
TEXT = f"First paragraph.\n\n<!--more-->\n\n{SECRET}"
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
BINGBOT = "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
ITS, ELSEWHERE = "203.0.113.66", "198.51.100.7"
LIST = "# Googlebot's\n203.0.113.64/28 Googlebot\n2001:db8:66::/48  googlebot # IPv6\n"


def let_in(allowed: bool = True) -> None:
    begin_write()
    kept = Publication.get()
    kept.crawlers_read = allowed
    db.session.add(kept)
    db.session.commit()


@pytest.fixture
def app(app: Flask) -> Flask:
    app.config["DATA"].mkdir(exist_ok=True)
    (app.config["DATA"] / "crawlers.txt").write_text(LIST)
    app.extensions["crawlers"].every = 0.0  # read at every claim, not each minute
    let_in()
    return app


def get(app: Flask, row, agent: str, address: str, method: str = "GET"):
    browser = visit(app, address)
    return browser.open(f"/articles/{row.slug}", method=method, headers={"User-Agent": agent})


def story(access: Access = Access.METERED):
    return make_article(TEXT, access=access)


# On the wall's side


@pytest.mark.parametrize("address", [ITS, "203.0.113.79", "2001:db8:66::1", f"::ffff:{ITS}"])
def test_a_crawler_gets_the_text_on_a_page_of_its_own(app, address):
    row = story()
    shell = get(app, row, FIREFOX, ELSEWHERE)
    assert SECRET not in shell.text
    page = get(app, row, GOOGLEBOT, address)
    assert page.status_code == 200 and SECRET in page.text
    assert page.headers["Cache-Control"] == "private, no-store" and page.headers["X-Robots-Tag"] == "noarchive"
    assert "Set-Cookie" not in page.headers
    said = json.loads(re.search(r'application/ld\+json">(.*?)</script>', page.text, re.S)[1])
    said = next(part for part in said.get("@graph", [said]) if "isAccessibleForFree" in part)
    assert said["isAccessibleForFree"] is False
    part = said["hasPart"]
    assert part["isAccessibleForFree"] is False and f'class="{part["cssSelector"][1:]}' in page.text
    for agent, place in ((FIREFOX, ELSEWHERE), (FIREFOX, address), (GOOGLEBOT, ELSEWHERE), (BINGBOT, address)):
        assert get(app, row, agent, place).data == shell.data, (agent, place)
    assert SECRET in get(app, row, GOOGLEBOT, address).text, "and again, now that the shell is kept"


def test_a_crawler_is_first_and_its_page_is_not_kept(app):
    row = story()
    assert SECRET in get(app, row, GOOGLEBOT, ITS).text
    assert SECRET not in get(app, row, FIREFOX, ELSEWHERE).text
    assert get(app, row, GOOGLEBOT, ITS, "HEAD").status_code == 200


@pytest.mark.parametrize("address", ["203.0.113.63", "203.0.113.80", "2001:db8:67::1", "::ffff:203.0.113.63", "", "x"])
def test_an_address_beside_the_range_gets_the_wall(app, address):
    assert SECRET not in get(app, story(), GOOGLEBOT, address).text


def test_a_header_makes_nobody_a_crawler(app):
    row = story()
    for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded"):
        page = visit(app, ELSEWHERE).get(f"/articles/{row.slug}", headers={"User-Agent": GOOGLEBOT, name: ITS})
        assert SECRET not in page.text


@pytest.mark.parametrize("access", [Access.MEMBERS, Access.PATRONS])
def test_what_is_not_metered_stays_closed_to_crawlers(app, access):
    row = story(access)
    page = get(app, row, GOOGLEBOT, ITS)
    assert SECRET not in page.text and page.data == get(app, row, FIREFOX, ELSEWHERE).data
    assert page.headers["Cache-Control"].startswith("public")


def test_under_the_hard_wall_a_crawler_stands_outside_too(app):
    begin_write()
    Publication.get().reading_mode = Mode.HARD
    db.session.commit()
    assert SECRET not in get(app, story(), GOOGLEBOT, ITS).text


def test_a_free_story_is_the_same_page_for_all(app):
    row = story(Access.FREE)
    assert get(app, row, GOOGLEBOT, ITS).data == get(app, row, FIREFOX, ELSEWHERE).data


def test_the_editor_lets_them_in_and_out_at_once(app):
    row, desk = story(), visit(app)
    sign_in(desk, make_editor())
    assert 'name="crawlers_read" type="checkbox" value="y"' in desk.get("/desk/publication").text
    assert desk.post("/desk/publication", data=typed(desk)).status_code == 303
    assert SECRET not in get(app, row, GOOGLEBOT, ITS).text
    assert desk.post("/desk/publication", data=typed(desk) | {"crawlers_read": "y"}).status_code == 303
    assert SECRET in get(app, row, GOOGLEBOT, ITS).text


def typed(desk) -> dict[str, str]:
    mark = re.search(r'name="before"[^>]*value="([^"]*)"', desk.get("/desk/publication").text)[1]
    return {"before": mark, "gated_in_feeds": "teaser", "reading_mode": "meter"}


def test_without_a_list_everybody_gets_the_wall(app):
    (app.config["DATA"] / "crawlers.txt").unlink()
    assert SECRET not in get(app, story(), GOOGLEBOT, ITS).text


def test_browsers_cost_no_look_at_addresses(app):
    known = app.extensions["crawlers"]
    row = story()
    get(app, row, GOOGLEBOT, ITS)
    read_at = known.read_at
    get(app, row, FIREFOX, ITS)
    assert known.read_at == read_at


# The list


def test_a_list_says_what_is_wrong_with_it_and_the_rest_holds():
    found, wrong = read_list(
        f"{LIST}\n0.0.0.0/0 Googlebot\n203.0.113.1/24 Googlebot\n192.0.2.0/24\n192.0.2.0/24 Nobot\n"
    )
    assert [str(network) for network, _ in found] == ["203.0.113.64/28", "2001:db8:66::/48"]
    assert {name for _, name in found} == {"Googlebot"}
    assert [line.partition(":")[0] for line in wrong] == ["Line 5", "Line 6", "Line 7", "Line 8"]


def test_the_list_that_is_shipped_lets_nobody_in(app):
    assert read_list(Path(app.root_path, "deploy", "crawlers.example.txt").read_text()) == ([], [])


@pytest.mark.parametrize(
    ("agent", "name"), [(GOOGLEBOT, "Googlebot"), (BINGBOT, "bingbot"), (FIREFOX, ""), ("", ""), ("x" * 999, "")]
)
def test_what_a_user_agent_claims(agent, name):
    assert claimed(agent) == name


def test_the_command_writes_what_nginx_takes(app):
    begin_write()
    CrawlerNetwork.keep("198.51.100.9/32", "bingbot", utcnow())
    db.session.commit()
    done = app.test_cli_runner().invoke(args=["crawlers"])
    assert done.exit_code == 0, done.output
    lines = (app.config["DATA"] / "crawlers.conf").read_text().splitlines()[1:]
    assert [line.split(";")[0] for line in lines] == ["198.51.100.9/32 1", "203.0.113.64/28 1", "2001:db8:66::/48 1"]
    (app.config["DATA"] / "crawlers.txt").write_text("203.0.113.64/28 Nobot")
    done = app.test_cli_runner().invoke(args=["crawlers"])
    assert done.exit_code == 1 and "Nobot is no crawler we know" in done.output


# DNS, asked by the worker alone


class NameServer:
    """A DNS server on UDP that knows a few names: enough of RFC 1035 for PTR and A."""

    def __init__(self, pointers: dict[str, str], addresses: dict[str, str]) -> None:
        self.pointers, self.addresses = pointers, addresses
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            try:
                query, peer = self.socket.recvfrom(512)
            except OSError:
                return
            labels, place = [], 12
            while query[place]:
                labels.append(query[place + 1 : place + 1 + query[place]].decode())
                place += 1 + query[place]
            question = query[12 : place + 5]
            name, kind = ".".join(labels), int.from_bytes(query[place + 1 : place + 3])
            data = b""
            if kind == 12 and name in self.pointers:
                data = b"".join(bytes([len(p)]) + p.encode() for p in self.pointers[name].split(".")) + b"\0"
            elif kind == 1 and name in self.addresses:
                data = ipaddress.ip_address(self.addresses[name]).packed
            answer = (
                b"\xc0\x0c" + kind.to_bytes(2) + b"\0\x01\0\0\0\x3c" + len(data).to_bytes(2) + data if data else b""
            )
            head = query[:2] + (b"\x81\x80" if data else b"\x81\x83") + b"\0\x01" + (b"\0\x01" if data else b"\0\0")
            self.socket.sendto(head + b"\0\0\0\0" + question + answer, peer)

    def ask(self, name: str, kind: int) -> bytes:
        """The data of the first answer, b"" for none."""
        labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(5)
            client.sendto(
                b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0" + labels + kind.to_bytes(2) + b"\0\x01", self.socket.getsockname()
            )
            reply = client.recv(512)
        return reply[12 + len(labels) + 4 + 12 :] if reply[7] else b""

    def names(self, address: str) -> list[str]:
        data, found = self.ask(ipaddress.ip_address(address).reverse_pointer, 12), []
        while data and data[0]:
            found.append(data[1 : 1 + data[0]].decode())
            data = data[1 + data[0] :]
        return [".".join(found)] if found else []

    def addresses_of(self, host: str) -> list[str]:
        data = self.ask(host, 1)
        return [str(ipaddress.ip_address(data))] if data else []


POINTERS = {
    "7.100.51.198.in-addr.arpa": "crawl-198-51-100-7.googlebot.com",
    "8.100.51.198.in-addr.arpa": "crawl-198-51-100-8.googlebot.com",  # which leads elsewhere
    "9.100.51.198.in-addr.arpa": "proxy-198-51-100-9.google.com",  # a fetcher that any user can send
    "10.100.51.198.in-addr.arpa": "crawl.googlebot.com.liar.example",
    "11.100.51.198.in-addr.arpa": "liargooglebot.com",
}
ADDRESSES = {
    "crawl-198-51-100-7.googlebot.com": "198.51.100.7",
    "crawl-198-51-100-8.googlebot.com": "198.51.100.200",
    "proxy-198-51-100-9.google.com": "198.51.100.9",
    "crawl.googlebot.com.liar.example": "198.51.100.10",
    "liargooglebot.com": "198.51.100.11",
}


@pytest.fixture
def dns() -> Iterator[Lookups]:
    server = NameServer(POINTERS, ADDRESSES)
    yield Lookups(server.names, server.addresses_of)
    server.socket.close()


@pytest.mark.parametrize(("last", "proven"), [(7, True), (8, False), (9, False), (10, False), (11, False), (12, False)])
def test_a_name_must_be_the_engines_and_lead_back(dns, last, proven):
    address = ipaddress.ip_address(f"198.51.100.{last}")
    assert is_proven("Googlebot", address, dns) is proven
    assert not is_proven("bingbot", address, dns) and not is_proven("DuckDuckBot", address, dns)


def test_the_machines_own_lookups_answer_or_give_nothing():
    assert "127.0.0.1" in list(DNS.addresses("localhost"))
    assert isinstance(DNS.names("127.0.0.1"), list)
    assert DNS.names("no address") == DNS.addresses("nowhere.invalid") == []


def waiting() -> list[CrawlerClaim]:
    db.session.rollback()
    return list(db.session.scalars(db.select(CrawlerClaim)))


def test_a_crawler_that_is_not_listed_reads_once_the_worker_has_looked(app, dns):
    row = story()
    get(app, row, FIREFOX, "198.51.100.99")  # the shell is kept now
    assert SECRET not in get(app, row, GOOGLEBOT, "198.51.100.7").text
    [claim] = waiting()
    assert str(crawlers.unseal(claim.sealed)) == "198.51.100.7"
    for table in (CrawlerClaim, CrawlerNetwork):
        assert "198.51.100.7" not in str(db.session.execute(db.select(table.__table__)).all())
    assert look_up_one(dns) and not look_up_one(dns)
    assert [row.sealed for row in waiting()] == [""], "the address is gone"
    assert [row.cidr for row in CrawlerNetwork.good(utcnow())] == ["198.51.100.7/32"]
    assert CrawlerNetwork.good(utcnow() + GOOD_FOR + timedelta(seconds=1)) == []
    assert SECRET in get(app, row, GOOGLEBOT, "198.51.100.7").text
    assert SECRET not in get(app, row, GOOGLEBOT, "198.51.100.6").text


def test_a_liar_is_looked_up_once_an_hour_and_nothing_of_it_stays(app, dns):
    row = story()
    for _ in range(3):
        assert SECRET not in get(app, row, GOOGLEBOT, "198.51.100.8").text
    assert len(waiting()) == 1 and look_up_one(dns)
    app.extensions["crawlers"].noted.clear()  # as another process
    assert SECRET not in get(app, row, GOOGLEBOT, "198.51.100.8").text
    assert not look_up_one(dns) and CrawlerNetwork.good(utcnow()) == []
    begin_write()
    CrawlerClaim.forget(utcnow() + WAITS)
    db.session.commit()
    assert waiting() == []


def test_browsers_and_listed_crawlers_are_never_queued(app):
    row = story()
    get(app, row, FIREFOX, ELSEWHERE)
    get(app, row, GOOGLEBOT, ITS)
    get(app, row, "DuckDuckBot/1.1", ELSEWHERE)  # DNS could not tell
    let_in(False)
    get(app, row, GOOGLEBOT, ELSEWHERE)
    assert waiting() == []


def test_the_queue_is_bounded(app):
    begin_write()
    for number in range(MOST - 1):
        CrawlerClaim.note(f"who {number}", "Googlebot", "", utcnow())
    db.session.commit()
    row = story()
    for last in (7, 8, 9):
        get(app, row, GOOGLEBOT, f"198.51.100.{last}")
    assert len(waiting()) == MOST
    assert not CrawlerClaim.is_full(utcnow() + WAITS)


def test_a_forged_crawler_passes_the_cache_by_once_an_hour(app):
    known = app.extensions["crawlers"]
    for allowed, address in ((True, "198.51.100.8"), (False, "198.51.100.9"), (True, "2001:db8:9::1")):
        let_in(allowed)
        asked = {"HTTP_USER_AGENT": GOOGLEBOT, "REMOTE_ADDR": address}
        assert known.is_apart(asked)
        get(app, story(), GOOGLEBOT, address)
        assert not known.is_apart(asked)
    assert not known.is_apart({"HTTP_USER_AGENT": GOOGLEBOT, "REMOTE_ADDR": "2001:db8:9::ffff"}), "the same /64"
    assert not known.is_apart({"HTTP_USER_AGENT": GOOGLEBOT, "REMOTE_ADDR": ""})


def test_a_claim_sealed_under_another_key_is_dropped(app, dns):
    begin_write()
    CrawlerClaim.note("who", "Googlebot", crawlers.seal(ipaddress.ip_address("198.51.100.7")), utcnow())
    db.session.commit()
    app.config["SECRET_KEY"] = "another"
    assert look_up_one(dns) and CrawlerNetwork.good(utcnow()) == [] and waiting()[0].sealed == ""


@pytest.mark.parametrize("address", ["198.51.100.7", "2001:db8::7"])
def test_what_is_sealed_opens_again_and_is_never_twice_the_same(app, address):
    plain = ipaddress.ip_address(address)
    assert crawlers.unseal(crawlers.seal(plain)) == plain
    assert crawlers.seal(plain) != crawlers.seal(plain)


def test_every_crawler_is_written_as_it_is_looked_for():
    assert all(claimed(f"Mozilla/5.0 (compatible; {name}/1.0)") == name for name in CRAWLERS)
