"""The meter's ledger in Valkey, when CACHE_URL is set: one hash for each reader and period, gone when it is over."""

from datetime import UTC, datetime, timedelta
from typing import Any

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from models.meter import Opened, Reading
from models.metering import Claim, Decision

# Read and add in one step, so that of many requests at once no more than the limit open. Fields are article ids, or
# "erased:stamp:n"; values are time stamps in microseconds, as the database has them.
CLAIM = """
local limit, used = tonumber(ARGV[2]), redis.call('HLEN', KEYS[1])
if limit > 0 and redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return {1, used, 0} end
if used >= limit then return {0, used, 0} end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('EXPIREAT', KEYS[1], ARGV[4])
return {1, used + 1, 1}
"""
# Each opening of one hash that the other does not know, by its article or by its moment.
MERGE = """
local had, known = redis.call('HGETALL', KEYS[2]), {}
for i = 2, #had, 2 do known[had[i]] = true end
local brought = redis.call('HGETALL', KEYS[1])
for i = 1, #brought, 2 do
  if not known[brought[i + 1]] then redis.call('HSETNX', KEYS[2], brought[i], brought[i + 1]) end
end
redis.call('EXPIREAT', KEYS[2], ARGV[1])
"""
# Names become numbers; how many there were and when stays, and when all of it goes.
ERASE = """
for _, name in ipairs(redis.call('HKEYS', KEYS[1])) do
  if string.match(name, '^%d+$') then
    local at, number = redis.call('HGET', KEYS[1], name), 0
    while redis.call('HSETNX', KEYS[1], 'erased:' .. at .. ':' .. number, at) == 0 do number = number + 1 end
    redis.call('HDEL', KEYS[1], name)  -- last: a hash that is empty for a moment loses its end
  end
end
"""
SOON = 1.0  # seconds that it may take to answer
KEPT = 8 * 86400  # seconds after the period: as long as the cookie that points to it


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def stamp_of(moment: datetime) -> int:
    """Microseconds, exactly: a float would round them."""
    return (moment - EPOCH) // timedelta(microseconds=1)


class LedgerAway(Exception):
    """Valkey does not answer: nothing was counted."""


class ValkeyLedger:
    """Answers as models.meter.DatabaseLedger does. Raises LedgerAway."""

    def __init__(self, url: str, prefix: str) -> None:
        once = Retry(NoBackoff(), 0)  # the reader has a button to try again
        self.redis = Redis.from_url(url, socket_timeout=SOON, socket_connect_timeout=SOON, retry=once)
        self.prefix = f"{prefix}:meter"

    def reach(self) -> None:
        """Raise LedgerAway now rather than when something else has been counted."""
        self._ask("PING")

    def opened(self, reader: str, period: str) -> Opened:
        fields: Any = self._ask("HKEYS", self._name(reader, period))
        ids = frozenset(int(field) for field in fields if field.isdigit())
        return Opened(ids, len(fields))

    def has(self, reader: str, periods: list[str], article_id: int) -> bool:
        return any(self._ask("HEXISTS", self._name(reader, period), str(article_id)) for period in periods)

    def claim(
        self, reader: str, period: str, ends: datetime, article_id: int, limit: int, now: datetime, *, is_known: bool
    ) -> Claim:
        until = int(ends.timestamp()) + KEPT
        name, stamp = self._name(reader, period), stamp_of(now)
        opens, used, is_new = self._ask("EVAL", CLAIM, 1, name, article_id, limit, stamp, until)
        return Claim(Decision.OPEN if opens else Decision.USED_UP, used, limit, bool(is_new))

    def merge(self, reader: str, into: str, period: str, ends: datetime) -> None:
        names = self._name(reader, period), self._name(into, period)
        self._ask("EVAL", MERGE, 2, *names, int(ends.timestamp()) + KEPT)

    def record(self, reader: str) -> list[Reading]:
        found = []
        for name in self._names(reader):
            period = name.rpartition(":")[2]
            for field, stamp in self._all(name).items():
                article = int(field) if field.isdigit() else None
                found.append(Reading(period, article, EPOCH + timedelta(microseconds=int(stamp))))
        return sorted(found, key=lambda one: (one.at, one.article_id or 0), reverse=True)

    def erase(self, reader: str, *, keep_count: bool) -> None:
        for name in self._names(reader):
            if keep_count:
                self._ask("EVAL", ERASE, 1, name)
            else:
                self._ask("DEL", name)

    def forget(self, before: str) -> None:
        """Nothing to do: each hash has its end."""

    def _name(self, reader: str, period: str) -> str:
        return f"{self.prefix}:{reader}:{period}"

    def _names(self, reader: str) -> list[str]:
        try:
            found = self.redis.scan_iter(match=f"{self.prefix}:{reader}:*", count=1000)
            return [name.decode() for name in found]
        except RedisError as error:
            raise LedgerAway from error

    def _all(self, name: str) -> dict[str, str]:
        answer: Any = self._ask("HGETALL", name)
        pairs = answer.items() if isinstance(answer, dict) else zip(answer[::2], answer[1::2], strict=True)
        return {field.decode(): value.decode() for field, value in pairs}

    def _ask(self, *command: Any) -> Any:
        try:
            return self.redis.execute_command(*command)
        except RedisError as error:
            raise LedgerAway from error
