"""Who may read what, at every boundary; and when the count starts anew."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from models.metering import Access, Decision, Every, Gate, Mode, Period, Viewer, claim, decide, period

FREE_FROM = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
KINDS = {
    "visitor": Viewer(),
    "member": Viewer(is_signed_in=True),
    "patron": Viewer(is_signed_in=True, is_patron=True),
    "staff": Viewer(is_signed_in=True, is_staff=True),
    "seated": Viewer(is_seated=True),
    "crawler": Viewer(is_crawler=True),
    "opened": Viewer(opened=frozenset({7})),
    "opened another": Viewer(opened=frozenset({8})),
}
# The letters: Open, Meter, Sign in, Patrons only; of each kind of reader above, in that order.
LETTERS = {"o": Decision.OPEN, "m": Decision.METER, "s": Decision.SIGN_IN, "p": Decision.BECOME_PATRON}
EXPECTED = {
    (Access.FREE, Mode.OPEN): "oooooooo",
    (Access.FREE, Mode.METER): "oooooooo",
    (Access.FREE, Mode.HARD): "oooooooo",
    (Access.METERED, Mode.OPEN): "oooooooo",
    (Access.METERED, Mode.METER): "mmooooom",
    (Access.METERED, Mode.HARD): "ppooopop",
    (Access.MEMBERS, Mode.OPEN): "oooooooo",
    (Access.MEMBERS, Mode.METER): "soooosos",
    (Access.MEMBERS, Mode.HARD): "soooosos",
    (Access.PATRONS, Mode.OPEN): "oooooooo",
    (Access.PATRONS, Mode.METER): "ppooopop",
    (Access.PATRONS, Mode.HARD): "ppooopop",
    (Access.PATRONS_FIRST, Mode.OPEN): "oooooooo",
    (Access.PATRONS_FIRST, Mode.METER): "ppooopop",
    (Access.PATRONS_FIRST, Mode.HARD): "ppooopop",
}


def viewer(kind: str, mode: Mode, now: datetime | None = FREE_FROM - SECOND) -> Viewer:
    known = KINDS[kind]
    return Viewer(
        known.is_signed_in,
        known.is_patron,
        known.is_staff,
        known.is_seated,
        known.is_crawler,
        known.opened,
        mode,
        now,
    )


def test_every_case_has_a_line() -> None:
    assert set(EXPECTED) == {(access, mode) for access in Access for mode in Mode}
    assert {len(line) for line in EXPECTED.values()} == {len(KINDS)}


@pytest.mark.parametrize(("access", "mode"), EXPECTED)
def test_what_each_reader_gets(access: Access, mode: Mode) -> None:
    gate = Gate(7, access, FREE_FROM)
    for kind, letter in zip(KINDS, EXPECTED[access, mode], strict=True):
        assert decide(gate, viewer(kind, mode)) is LETTERS[letter], kind


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("access", Access)
def test_what_is_set_free_is_open_to_all(access: Access, mode: Mode) -> None:
    gate = Gate(7, access, FREE_FROM, set_free=True)
    assert {decide(gate, viewer(kind, mode)) for kind in KINDS} == {Decision.OPEN}


@pytest.mark.parametrize("mode", [Mode.METER, Mode.HARD])
@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (FREE_FROM - SECOND, Decision.BECOME_PATRON),
        (FREE_FROM - timedelta(microseconds=1), Decision.BECOME_PATRON),
        (FREE_FROM, Decision.OPEN),
        (FREE_FROM + SECOND, Decision.OPEN),
        (None, Decision.BECOME_PATRON),
    ],
)
def test_patrons_first_opens_on_its_date(mode: Mode, now: datetime | None, expected: Decision) -> None:
    assert decide(Gate(7, Access.PATRONS_FIRST, FREE_FROM), viewer("visitor", mode, now)) is expected
    assert decide(Gate(7, Access.PATRONS_FIRST, FREE_FROM), viewer("patron", mode, now)) is Decision.OPEN


def test_patrons_first_without_a_date_stays_with_patrons() -> None:
    late = datetime(9999, 1, 1, tzinfo=UTC)
    assert decide(Gate(7, Access.PATRONS_FIRST), viewer("member", Mode.METER, late)) is Decision.BECOME_PATRON


@pytest.mark.parametrize("access", [Access.METERED, Access.MEMBERS, Access.PATRONS])
def test_a_date_left_over_opens_no_other_story_and_is_not_promised(access: Access) -> None:
    gate = Gate(7, access, FREE_FROM)
    assert decide(gate, viewer("visitor", Mode.METER, FREE_FROM + SECOND)) is not Decision.OPEN
    assert gate.opens_at is None and Gate(7, Access.PATRONS_FIRST, FREE_FROM).opens_at == FREE_FROM


@pytest.mark.parametrize(
    ("opened", "used", "limit", "decision", "used_then", "left", "is_new"),
    [
        (set(), 0, 0, Decision.USED_UP, 0, 0, False),
        ({7}, 1, 0, Decision.USED_UP, 1, 0, False),  # a limit of 0 is a hard wall, for what was open too
        (set(), 0, 1, Decision.OPEN, 1, 0, True),
        ({8}, 1, 1, Decision.USED_UP, 1, 0, False),
        ({7}, 1, 1, Decision.OPEN, 1, 0, False),  # again
        ({8}, 1, 3, Decision.OPEN, 2, 1, True),
        ({8, 9}, 2, 3, Decision.OPEN, 3, 0, True),
        ({8, 9, 10}, 3, 3, Decision.USED_UP, 3, 0, False),
        ({7, 8, 9}, 3, 1, Decision.OPEN, 3, 0, False),  # lowered: what was open stays so
        ({8, 9, 10}, 3, 1, Decision.USED_UP, 3, 0, False),
        ({8, 9, 10}, 3, 4, Decision.OPEN, 4, 0, True),  # raised
        (set(), 3, 3, Decision.USED_UP, 3, 0, False),  # erased: the count is kept
        ({8}, 3, 4, Decision.OPEN, 4, 0, True),
        ({7}, 9, 3, Decision.OPEN, 9, 0, False),  # read before signing in
    ],
)
def test_one_more_story(
    opened: set[int], used: int, limit: int, decision: Decision, used_then: int, left: int, is_new: bool
) -> None:
    said = claim(7, opened, used, limit)
    assert (said.decision, said.used, said.left, said.is_new, said.limit) == (decision, used_then, left, is_new, limit)


AMSTERDAM, LORD_HOWE = ZoneInfo("Europe/Amsterdam"), ZoneInfo("Australia/Lord_Howe")


def local(zone: ZoneInfo, *at: int, fold: int = 0) -> datetime:
    return datetime(*at, tzinfo=zone, fold=fold).astimezone(UTC)  # type: ignore[misc,arg-type]


def spans(every: Every, zone: ZoneInfo, now: datetime) -> tuple[str, datetime, datetime]:
    found = period(every, now, zone)
    return found.key, found.start.astimezone(UTC), found.end.astimezone(UTC)


@pytest.mark.parametrize(
    ("every", "now", "start", "end"),
    [
        (Every.DAY, (2026, 11, 28, 12), (2026, 11, 28), (2026, 11, 29)),
        (Every.DAY, (2026, 12, 31, 23, 59, 59), (2026, 12, 31), (2027, 1, 1)),
        (Every.DAY, (2028, 2, 29, 0), (2028, 2, 29), (2028, 3, 1)),
        (Every.DAY, (2026, 3, 29, 12), (2026, 3, 29), (2026, 3, 30)),  # 23 hours
        (Every.DAY, (2026, 10, 25, 12), (2026, 10, 25), (2026, 10, 26)),  # 25 hours
        (Every.WEEK, (2026, 11, 23, 0), (2026, 11, 23), (2026, 11, 30)),  # a Monday
        (Every.WEEK, (2026, 11, 29, 23, 59, 59), (2026, 11, 23), (2026, 11, 30)),  # its Sunday
        (Every.WEEK, (2027, 1, 1, 12), (2026, 12, 28), (2027, 1, 4)),
        (Every.WEEK, (2026, 10, 25, 12), (2026, 10, 19), (2026, 10, 26)),
        (Every.WEEK, (2028, 2, 29, 12), (2028, 2, 28), (2028, 3, 6)),
        (Every.MONTH, (2026, 11, 1, 0), (2026, 11, 1), (2026, 12, 1)),
        (Every.MONTH, (2026, 11, 30, 23, 59, 59), (2026, 11, 1), (2026, 12, 1)),
        (Every.MONTH, (2026, 12, 31, 23, 59, 59), (2026, 12, 1), (2027, 1, 1)),
        (Every.MONTH, (2027, 1, 31, 12), (2027, 1, 1), (2027, 2, 1)),
        (Every.MONTH, (2028, 2, 29, 12), (2028, 2, 1), (2028, 3, 1)),
        (Every.MONTH, (2027, 2, 28, 12), (2027, 2, 1), (2027, 3, 1)),
        (Every.MONTH, (2026, 3, 29, 12), (2026, 3, 1), (2026, 4, 1)),
        (Every.MONTH, (2026, 10, 25, 2, 30), (2026, 10, 1), (2026, 11, 1)),
    ],
)
def test_the_period_runs_from_midnight_to_midnight(
    every: Every, now: tuple[int, ...], start: tuple[int, ...], end: tuple[int, ...]
) -> None:
    first, last = local(AMSTERDAM, *start), local(AMSTERDAM, *end)
    key = "{:04}-{:02}-{:02}".format(*start)
    for fold in (0, 1):
        assert spans(every, AMSTERDAM, local(AMSTERDAM, *now, fold=fold)) == (key, first, last)


def test_days_of_23_24_25_and_half_hours() -> None:
    def hours(zone: ZoneInfo, *day: int) -> float:
        _, start, end = spans(Every.DAY, zone, local(zone, *day, 12))
        return (end - start) / timedelta(hours=1)

    assert [hours(AMSTERDAM, 2026, 3, 29), hours(AMSTERDAM, 2026, 3, 30), hours(AMSTERDAM, 2026, 10, 25)] == [
        23,
        24,
        25,
    ]
    assert [hours(LORD_HOWE, 2026, 4, 5), hours(LORD_HOWE, 2026, 10, 4)] == [24.5, 23.5]  # half an hour of summer time
    kolkata = ZoneInfo("Asia/Kolkata")
    assert spans(Every.MONTH, kolkata, local(kolkata, 2026, 11, 3))[1] == datetime(2026, 10, 31, 18, 30, tzinfo=UTC)


@pytest.mark.parametrize("zone", ["Europe/Amsterdam", "Australia/Lord_Howe", "America/Havana", "Africa/Cairo"])
@pytest.mark.parametrize("every", Every)
def test_every_moment_is_in_its_period_and_none_is_left_out(every: Every, zone: str) -> None:
    """In Havana a midnight comes twice, in Cairo one never comes; hour by hour for a year."""
    at, known = datetime(2026, 12, 1, tzinfo=UTC), None
    for hour in range(0, 370 * 24):
        now = at + timedelta(hours=hour)
        one = period(every, now, ZoneInfo(zone))
        start, end = one.start.astimezone(UTC), one.end.astimezone(UTC)
        assert start <= now < end
        assert period(every, end - timedelta(microseconds=1), ZoneInfo(zone)).key == one.key
        assert known is None or known[0] == one.key or known[1] == start, "one begins where the other ends"
        known = one.key, end


def test_a_key_says_its_first_day_in_the_publishers_zone() -> None:
    new_year = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)  # past midnight in Amsterdam
    assert isinstance(period(Every.MONTH, new_year, AMSTERDAM), Period)
    assert [period(every, new_year, AMSTERDAM).key for every in Every] == ["2027-01-01", "2026-12-28", "2027-01-01"]
    assert period(Every.MONTH, new_year, ZoneInfo("America/New_York")).key == "2026-12-01"
