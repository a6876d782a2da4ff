"""Libraries and newsrooms that bought seats: who reads for them, and never more than they paid for."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from blueprints.accounts import own_data
from blueprints.ops.postman import compose
from blueprints.ops.seats import upkeep
from models import Account, DayReader, Institution, Outbox, Seat, begin_write, db, utcnow
from models.institution import UNUSED, House, NotKept
from models.metering import Access
from tests.accounts_tools import visit
from tests.makers import keep, make_account, make_article, make_editor, make_institution, make_patron, sign_in
from tests.test_desk_sections import said, send

SECRET = "The part that has to be paid for."
TEXT = f"First paragraph.\n\n<!--more-->\n\n{SECRET}"
THERE = "203.0.113.7"  # in the library's network
ELSEWHERE = "198.51.100.7"


def house_of(row: Institution) -> House:
    return House(row.id, row.name, row.seats, row.ends_at, row.contact)


@pytest.fixture
def settings(settings: dict) -> dict:
    return settings | {"METER_ANONYMOUS": "0", "METER_MEMBER": "0"}  # a hard wall: what opens, a seat has opened


def taken(house: Institution) -> int:
    db.session.rollback()  # what other requests have written meanwhile
    return Seat.count(house.id)


def story(access: Access = Access.METERED):
    return make_article(TEXT, access=access)


def member(app: Flask, email: str, address: str = ELSEWHERE, **given):
    browser = visit(app, address)
    sign_in(browser, make_account(email, **given))
    return browser


def read(browser, row, **headers):
    return browser.post(f"/articles/{row.slug}/read", headers=headers)


def opens(browser, row) -> bool:
    reply = read(browser, row, Accept="application/json")
    assert reply.headers["Cache-Control"] == "private, no-store"
    assert (reply.json["access"] == "open") is (SECRET in reply.json["html"])
    return reply.json["access"] == "open"


# By e-mail domain


@pytest.mark.parametrize("access", [Access.METERED, Access.PATRONS])
def test_a_proven_address_of_the_domain_takes_a_seat_with_its_first_story(app, access):
    house, row = make_institution("city.example"), story(access)
    browser = member(app, "ann@city.example")
    page = browser.get(f"/articles/{row.slug}").text
    assert SECRET not in page and "City Library has seats for its readers." in page
    assert taken(house) == 0, "looking takes none"
    assert opens(browser, row) and taken(house) == 1
    page = browser.get(f"/articles/{row.slug}")
    assert SECRET in page.text and "You read this on a seat of City Library." in page.text
    assert page.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize(
    ("domains", "email", "sits"),
    [
        ("city.example", "a@city.example", True),
        ("city.example", "a@sub.city.example", False),
        ("*.city.example", "a@sub.city.example", True),
        ("*.city.example", "a@city.example", True),
        ("*.city.example", "a@notcity.example", False),
        ("*.city.example", "a@city.example.org", False),
        ("b.example\ncity.example", "a@city.example", True),
    ],
)
def test_subdomains_count_only_if_said(app, domains, email, sits):
    make_institution(domains)
    assert opens(member(app, email), story()) is sits


def test_an_address_that_nobody_has_proven_takes_no_seat(app):
    house = make_institution("city.example")
    assert not opens(member(app, "ann@city.example", verified=False), story())
    assert taken(house) == 0


def test_the_narrowest_domain_decides(app):
    wide, narrow = (
        make_institution("*.uni.example", name="University"),
        make_institution("law.uni.example", name="Law library"),
    )
    assert opens(member(app, "ann@law.uni.example"), story())
    assert (taken(wide), taken(narrow)) == (0, 1)


def test_when_all_are_taken_a_sentence_says_so_and_whom_to_ask(app):
    house, row = make_institution("city.example", seats=1), story(Access.PATRONS)
    assert opens(member(app, "ann@city.example"), row)
    late = member(app, "ben@city.example")
    assert not opens(late, row)
    reply = read(late, row)
    assert reply.status_code == 403 and SECRET not in reply.text
    assert "All 1 seats" not in reply.text and "The one seat of City Library is taken." in reply.text
    assert "ill@city.example" in reply.text
    assert taken(house) == 1


def test_a_seat_is_good_until_the_end_and_not_after(app):
    house, row = make_institution("city.example"), story()
    browser = member(app, "ann@city.example")
    assert opens(browser, row)
    begin_write()
    db.session.get_one(Institution, house.id).ends_at = utcnow()
    db.session.commit()
    assert not opens(browser, row)
    assert SECRET not in browser.get(f"/articles/{row.slug}").text


def test_the_last_moment_counts(app):
    now = utcnow()
    house = house_of(make_institution("city.example", ends_at=now + timedelta(hours=1)))
    who = make_account("ann@city.example")
    begin_write()
    assert not Seat.take(who.id, house, house.ends_at)
    assert Seat.take(who.id, house, house.ends_at - timedelta(seconds=1))
    db.session.commit()


def test_who_moves_to_another_address_leaves_the_seat(app):
    make_institution("city.example")
    browser, row = member(app, "ann@city.example"), story()
    assert opens(browser, row)
    begin_write()
    Account.by_email("ann@city.example").email = "ann@elsewhere.example"
    db.session.commit()
    assert not opens(browser, row)


def test_a_seat_not_used_for_ninety_days_is_given_back(app):
    house, now = make_institution("city.example"), utcnow()
    used, unused = make_account("ann@city.example"), make_account("ben@city.example")
    keep(Seat(institution_id=house.id, account_id=used.id, taken_at=now, last_used_at=now - UNUSED))
    late = now - UNUSED - timedelta(seconds=1)
    keep(Seat(institution_id=house.id, account_id=unused.id, taken_at=now, last_used_at=late))
    begin_write()
    Seat.give_back(now)
    db.session.commit()
    assert [seat.account_id for seat, _ in Seat.sitting(house.id)] == [used.id]


def test_reading_says_once_a_day_that_a_seat_is_in_use(app):
    house, row = make_institution("city.example"), story()
    browser = member(app, "ann@city.example")
    assert opens(browser, row)

    def last_used(back: timedelta = timedelta(0)) -> timedelta:
        db.session.rollback()
        begin_write()
        seat = db.session.scalars(db.select(Seat)).one()
        if back:
            seat.last_used_at = utcnow() - back
        last = utcnow() - seat.last_used_at
        db.session.commit()
        return last

    last_used(timedelta(hours=23))
    browser.get(f"/articles/{row.slug}")
    assert last_used() > timedelta(hours=22)
    last_used(timedelta(hours=25))
    browser.get("/")
    browser.get(f"/articles/{make_article().slug}")
    assert last_used() > timedelta(hours=24), "a free story needs no seat"
    browser.get(f"/articles/{row.slug}")
    assert last_used() < timedelta(minutes=1)
    assert taken(house) == 1


def test_patrons_and_staff_need_no_seat(app):
    house, row = make_institution("city.example"), story()
    patron = visit(app)
    sign_in(patron, make_patron("ann@city.example"))
    assert opens(patron, row) and taken(house) == 0


def test_of_many_at_once_no_more_sit_than_were_paid_for(two_sites):
    with two_sites[0].app_context():
        house = house_of(make_institution("city.example", "203.0.113.0/24", seats=3))
        people = [make_account(f"r{n}@city.example").id for n in range(4)]

    def go(number: int) -> tuple[bool, bool]:
        with two_sites[number % 2].app_context():
            begin_write()
            seat = Seat.take(people[number % 4], house, utcnow())
            db.session.commit()
            begin_write()
            day = DayReader.admit(house, "2026-11-28", f"reader {number}")
            db.session.commit()
            return seat, day

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(go, range(12)))
    assert sum(day for _, day in done) == 3
    with two_sites[0].app_context():
        assert Seat.count(house.id) == DayReader.count(house.id, "2026-11-28") == 3


# By address


@pytest.mark.parametrize("access", [Access.METERED, Access.MEMBERS, Access.PATRONS])
def test_who_comes_from_the_network_reads_without_an_account(app, access):
    make_institution(ranges="203.0.113.0/24")
    row = story(access)
    shell = visit(app, ELSEWHERE).get(f"/articles/{row.slug}")
    here = visit(app, THERE)
    same = here.get(f"/articles/{row.slug}")
    assert same.data == shell.data and SECRET not in same.text and "Set-Cookie" not in same.headers
    assert same.headers["Cache-Control"].startswith("public")
    assert "Open it" in same.text if access is not Access.METERED else "Read this story" in same.text

    opened = read(here, row)
    assert opened.status_code == 303
    page = here.get(opened.location)
    assert SECRET in page.text and "You read this on a seat of City Library." in page.text
    assert page.headers["Cache-Control"] == "private, no-store"
    assert SECRET in here.get(f"/articles/{row.slug}/read").text, "a reload after the receipt is over"
    assert not opens(visit(app, ELSEWHERE), row)
    assert visit(app, ELSEWHERE).get(f"/articles/{row.slug}").data == shell.data, "nothing of it was kept"


def test_a_header_cannot_put_a_client_into_the_network(app):
    make_institution(ranges="203.0.113.0/24")
    row = story()
    for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "CF-Connecting-IP"):
        reply = read(visit(app, ELSEWHERE), row, Accept="application/json", **{name: THERE})
        assert reply.json["access"] != "open"


def test_seats_bound_the_different_readers_of_a_day(app):
    house, row, other = make_institution(ranges="203.0.113.0/24", seats=2), story(), story(Access.PATRONS)
    first, second, third = (visit(app, THERE) for _ in range(3))
    assert opens(first, row) and opens(second, row) and opens(first, other) and opens(second, row)
    assert not opens(third, other)
    reply = read(third, other)
    assert reply.status_code == 403 and "All 2 seats of City Library are taken for today." in reply.text
    assert not opens(third, other), "also when asked again"
    db.session.rollback()
    assert len(db.session.scalars(db.select(DayReader)).all()) == house.seats


def test_the_meter_still_opens_what_a_full_house_does_not(app):
    app.config["METER_ANONYMOUS"] = 1
    make_institution(ranges="203.0.113.0/24", seats=1)
    assert opens(visit(app, THERE), story())
    late = visit(app, THERE)
    assert opens(late, story()) and not opens(late, story())


def test_a_house_spends_nothing_of_the_readers_own_count(app):
    app.config["METER_ANONYMOUS"] = 1
    make_institution(ranges="203.0.113.0/24")
    browser = visit(app, THERE)
    assert opens(browser, story()) and opens(browser, story())
    browser.environ_base["REMOTE_ADDR"] = ELSEWHERE
    assert opens(browser, story()) and not opens(browser, story())


def test_who_asks_from_no_network_of_a_house_is_told_so(app):
    make_institution(ranges="203.0.113.0/24")
    row = story(Access.PATRONS)
    reply = read(visit(app, ELSEWHERE), row)
    assert reply.status_code == 403 and "Your network is not one of a library or newsroom" in reply.text


def test_without_any_range_the_wall_says_nothing_of_libraries_and_nothing_is_asked(app):
    make_institution("city.example")
    assert "library" not in visit(app).get(f"/articles/{story(Access.PATRONS).slug}").text


def test_what_is_found_by_search_does_not_depend_on_the_network(app):
    make_institution(ranges="203.0.113.0/24")
    story()
    pages = [visit(app, address).get("/search?q=paid").text for address in (THERE, ELSEWHERE)]
    assert SECRET not in pages[0] and pages[0] == pages[1]


def test_no_address_of_a_reader_is_kept(app):
    make_institution(ranges="203.0.113.0/24")
    assert opens(visit(app, THERE), story())
    for table in db.metadata.sorted_tables:
        for row in db.session.execute(db.select(table)):
            assert THERE not in str(row), table.name


# What the desk may say


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("0.0.0.0/0", "is the whole internet"),
        ("::/0", "is the whole internet"),
        ("200.0.0.0/7", "wider than"),
        ("2000::/18", "wider than"),
        ("10.1.0.0/16", "private range"),
        ("192.168.1.4", "private range"),
        ("127.0.0.1", "private range"),
        ("fe80::1", "private range"),
        ("fd12:3456::/32", "private range"),
        ("192.0.0.0/8", "private range"),
        ("::ffff:203.0.113.7", "private range"),
        ("203.0.113.7/24", "Did they mean 203.0.113.0/24"),
        ("library.example", "is no range"),
        ("203.0.113.0/33", "is no range"),
    ],
)
def test_a_range_that_cannot_be_is_refused_with_a_sentence(app, line, sentence):
    with pytest.raises(NotKept, match=sentence.replace("?", r"\?")) as refused:
        make_institution(ranges=line)
    assert refused.value.field == "ranges"
    db.session.rollback()


@pytest.mark.parametrize("line", ["203.0.113.0/24", "203.0.113.7", "2001:db8:12::/48", "145.0.0.0/8"])
def test_a_range_that_can_be_is_kept(app, line):
    assert [str(row) for row in make_institution(ranges=line).ranges] == [line if "/" in line else f"{line}/32"]


@pytest.mark.parametrize("line", ["203.0.113.0/24", "203.0.113.128/25", "203.0.112.0/23", "203.0.113.9"])
def test_two_houses_never_share_a_range(app, line):
    make_institution(ranges="203.0.113.0/24")
    with pytest.raises(NotKept, match="City Library’s range"):
        make_institution(ranges=line)
    db.session.rollback()
    assert make_institution(ranges="203.0.114.0/24\n2001:db8::/48", name="Other").ranges


@pytest.mark.parametrize("line", ["city", "@", "city .example", "-city.example", "*.", "a@city.example", "127.0.0.1"])
def test_a_domain_that_cannot_be_is_refused(app, line):
    with pytest.raises(NotKept, match="is no domain"):
        make_institution(line)
    db.session.rollback()


def test_a_domain_belongs_to_one_house(app):
    make_institution("city.example")
    with pytest.raises(NotKept, match="City Library’s already"):
        make_institution("*.CITY.example")
    db.session.rollback()


# The desk, the account's page, and the worker


@pytest.fixture
def desk(app: Flask):
    browser = visit(app)
    sign_in(browser, make_editor())
    return browser


TYPED = {
    "name": "City Library",
    "seats": "40",
    "ends_at": "2027-06-30T00:00",
    "contact": "ILL@city.example",
    "domains": "city.example\r\n*.uni.example",
    "ranges": "203.0.113.0/24",
    "note": "By invoice",
}


def test_the_desk_sells_seats_changes_and_ends_them(app, desk):
    assert "None yet" in said(desk.get("/desk/institutions"))
    row = story(Access.PATRONS)
    made = send(desk, "/desk/institutions/new", **TYPED)
    assert made.status_code == 303
    assert opens(visit(app, THERE), row) and opens(member(app, "ann@law.uni.example"), row)
    assert "City Library" in said(desk.get("/desk/institutions")) and "1 of 40" in said(desk.get("/desk/institutions"))
    page = said(desk.get(made.location))
    assert "ann@law.uni.example" in page and "Seats taken: 1 of 40" in page

    assert send(desk, made.location, ranges="203.0.113.0/25\n2001:db8::/32").status_code == 303
    assert opens(visit(app, "2001:db8::7"), row) and not opens(visit(app, "203.0.113.200"), row), "at once"
    db.session.rollback()
    seat = db.session.scalars(db.select(Seat)).one()
    assert desk.post(f"{made.location}/seats/{seat.account_id}/free").status_code == 303
    assert "Seats taken: 0 of 40" in said(desk.get(made.location))
    assert desk.post(f"{made.location}/delete").status_code == 303
    assert not opens(visit(app, THERE), row)
    db.session.rollback()
    assert not any(db.session.scalars(db.select(table)).all() for table in (Institution, DayReader, Seat))


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"seats": "0"}, "a whole number from 1"),
        ({"seats": "many"}, "a whole number from 1"),
        ({"ends_at": ""}, "Write when it ends."),
        ({"name": " "}, "It has no name yet."),
        ({"contact": "nobody"}, "not a whole e-mail address"),
        ({"domains": "city"}, "city is no domain."),
        ({"ranges": "0.0.0.0/0"}, "the whole internet"),
        ({"ranges": "203.0.113.64/26"}, "203.0.113.64/26 is in Taken’s range 203.0.113.0/25."),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field_and_nothing_is_lost(desk, typed, sentence):
    make_institution("taken.example", "203.0.113.0/25", name="Taken")
    reply = send(desk, "/desk/institutions/new", **TYPED | {"ranges": "198.51.100.0/24"} | typed)
    assert reply.status_code == 200 and sentence in said(reply) and "By invoice" in reply.text
    assert [row.name for row in Institution.by_end()] == ["Taken"]


def test_seats_are_never_fewer_than_are_taken(desk):
    house = make_institution("city.example", seats=3)
    for name in "ab":
        who = make_account(f"{name}@city.example")
        keep(Seat(institution_id=house.id, account_id=who.id))
    address = f"/desk/institutions/{house.id}"
    assert "2 seats are taken. Free some below first" in said(send(desk, address, seats="1"))
    assert send(desk, address, seats="2").status_code == 303


def test_two_editors_do_not_overwrite_each_other_unseen(desk):
    address = f"/desk/institutions/{make_institution('city.example').id}"
    reply = send(desk, address, before="older", name="Mine")
    assert reply.status_code == 409 and "Somebody changed this page meanwhile" in reply.text and "Mine" in reply.text


def test_readers_have_no_business_there(app, client):
    house = make_institution()
    sign_in(client, make_account())
    for path in ("/desk/institutions", "/desk/institutions/new", f"/desk/institutions/{house.id}"):
        assert client.get(path).status_code == 403
    assert client.post(f"/desk/institutions/{house.id}/delete").status_code == 403


def test_a_reader_takes_the_seat_in_the_account_too(app):
    make_institution("city.example", seats=1, ends_at=datetime(2100, 6, 30, 12, tzinfo=UTC))
    browser, late = member(app, "ann@city.example"), member(app, "ben@city.example")
    assert "Take your seat" in browser.get("/account").text
    assert browser.post("/account/seat").status_code == 303
    assert "on a seat of City Library, until 30 June 2100" in browser.get("/account").text.replace("\u00a0", " ")
    page = late.get("/account").text
    assert "All seats of City Library are taken." in page and "ill@city.example" in page and "Take your" not in page
    assert late.post("/account/seat", follow_redirects=True).status_code == 200
    assert SECRET in browser.get(f"/articles/{story().slug}").text
    assert "City Library" not in member(app, "eve@elsewhere.example").get("/account").text
    assert member(app, "eva@elsewhere.example").post("/account/seat").status_code == 303
    db.session.rollback()
    assert len(db.session.scalars(db.select(Seat)).all()) == 1


@pytest.mark.parametrize(("left", "letters"), [(timedelta(days=30, hours=1), 0), (timedelta(days=30), 1)])
def test_the_contact_is_told_once_a_month_before_the_end(app, left, letters):
    now = utcnow()
    make_institution("city.example", ends_at=now + left)
    make_institution(name="No contact", contact="", ends_at=now + left)
    for _ in range(2):
        begin_write()
        upkeep(now)
        db.session.commit()
    rows = db.session.scalars(db.select(Outbox)).all()
    assert [row.recipient for row in rows] == ["ill@city.example"] * letters
    if rows:
        letter = compose(rows[0], now)
        assert letter["Subject"].startswith("The seats of City Library at Upstairs end on ")
        assert "2 seats" in letter.get_content() and "0 are taken" in letter.get_content()


def test_who_read_on_which_day_is_forgotten(app):
    house, now = make_institution(ranges="203.0.113.0/24"), utcnow()
    days = [f"{now - timedelta(days=back):%Y-%m-%d}" for back in (0, 5)]
    keep(*(DayReader(institution_id=house.id, day=day, reader="someone") for day in days))
    begin_write()
    upkeep(now)
    db.session.commit()
    assert [row.day for row in db.session.scalars(db.select(DayReader))] == days[:1]


def test_a_reader_takes_what_is_kept_of_the_seat_along(app):
    house, who = make_institution("city.example"), make_account("ann@city.example")
    keep(Seat(institution_id=house.id, account_id=who.id))
    assert own_data.seats(who).rows[0]["institution"] == "City Library"
