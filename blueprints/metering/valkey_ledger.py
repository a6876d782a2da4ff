"""The meter's ledger in Valkey, when CACHE_URL is set: one hash for each reader and period, gone when it is over."""

from datetime import UTC, datetime
from typing import Any

from redis import Redis, RedisError

from models.meter import Opened, Reading
from models.metering import Claim, Decision

# Read and add in one step, so that of many requests at once no more than the limit open. Fields are article ids, or
# "erased:n"; values are time stamps.
CLAIM = """
local limit, used = tonumber(ARGV[2]), redis.call('HLEN', KEYS[1])
if limit > 0 and redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return {1, used, 0} end
if used >= limit then return {0, used, 0} end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('EXPIREAT', KEYS[1], ARGV[4])
return {1, used + 1, 1}
"""
SOON = 1.0  # seconds that it may take to answer
KEPT = 8 * 86400  # seconds after the period: as long as the cookie that points to it


class LedgerAway(Exception):
    """Valkey does not answer: nothing was counted."""


class ValkeyLedger:
    """Answers as models.meter.DatabaseLedger does. Raises LedgerAway."""

    def __init__(self, url: str, prefix: str) -> None:
        self.redis = Redis.from_url(url, socket_timeout=SOON, socket_connect_timeout=SOON)
        self.prefix = f"{prefix}:meter"

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
        name, stamp = self._name(reader, period), int(now.timestamp())
        opens, used, is_new = self._ask("EVAL", CLAIM, 1, name, article_id, limit, stamp, until)
        return Claim(Decision.OPEN if opens else Decision.USED_UP, used, limit, bool(is_new))

    def merge(self, reader: str, into: str, period: str, ends: datetime) -> None:
        target = self._name(into, period)
        for field, stamp in self._all(self._name(reader, period)).items():
            name = field if field.isdigit() else f"{field}:{reader}"
            self._ask("HSETNX", target, name, stamp)
        self._ask("EXPIREAT", target, int(ends.timestamp()) + KEPT)

    def record(self, reader: str) -> list[Reading]:
        found = []
        for name in self._names(reader):
            period = name.rpartition(":")[2]
            for field, stamp in self._all(name).items():
                article = int(field) if field.isdigit() else None
                found.append(Reading(period, article, datetime.fromtimestamp(int(stamp), UTC)))
        return sorted(found, key=lambda one: (one.at, one.article_id or 0), reverse=True)

    def erase(self, reader: str, *, keep_count: bool) -> None:
        for name in self._names(reader):
            had, left = self._all(name), self._ask("TTL", name)
            self._ask("DEL", name)
            if keep_count and had:
                erased = [part for number in range(len(had)) for part in (f"erased:{number}", "0")]
                self._ask("HSET", name, *erased)
                self._ask("EXPIRE", name, max(left, 1))

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
