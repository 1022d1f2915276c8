"""What a caller may spend: a bucket of cost that fills again by itself, in this process only.

Several web processes have a budget each. It keeps one caller from crowding out the others; it is
no measure of throughput: who reads pages as fast as they can be served never empties it.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from whalefall.auth import Actor
from whalefall.domain.origins import network_of
from whalefall.errors import Code, Refused
from whalefall.settings import Settings

MAX_CALLERS = 10_000  # beyond it the longest silent is forgotten; a full bucket waits for it
STRANGERS_SHARE = 0.01  # signed out there is nothing to do but to sign in


@dataclass(slots=True)
class Bucket:
    """What is left of a caller's budget, and when that was so."""

    left: float
    at: float


class Budget:
    """The buckets of all callers, by user or, for who is signed out, by address."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, cost: int, actor: Actor, address: str, settings: Settings) -> int:
        """Take a cost from the caller's bucket; what is left then.

        Raises RATE_LIMIT_EXCEEDED, and takes nothing, when there is not so much in it.
        """
        rate = max(1.0, settings.graphql_cost_per_second)
        caller = f"user {actor.user_id or actor.name}"
        if not actor.is_signed_in:
            sender = network_of(address) or address
            caller, rate = f"address {sender}", max(1.0, rate * STRANGERS_SHARE)
        most = max(rate, settings.graphql_max_cost)
        bucket = self._filled(caller, rate, most)
        cost = min(cost, int(most))  # what a full bucket cannot pay for takes all of it
        if cost > bucket.left:
            raise _exceeded((cost - bucket.left) / rate)
        bucket.left -= cost
        return int(bucket.left)

    def _filled(self, caller: str, rate: float, most: float) -> Bucket:
        now = self._clock()
        bucket = self._buckets.get(caller)
        if bucket is None:
            bucket = self._buckets[caller] = Bucket(most, now)
            if len(self._buckets) > MAX_CALLERS:
                self._buckets.popitem(last=False)
            return bucket
        self._buckets.move_to_end(caller)
        bucket.left = min(most, bucket.left + (now - bucket.at) * rate)
        bucket.at = now
        return bucket


def _exceeded(wait_seconds: float) -> Refused:
    seconds = max(1, math.ceil(wait_seconds))
    return Refused(
        "You asked for more than your budget allows just now.",
        code=Code.RATE_LIMIT_EXCEEDED,
        hint=f"Try again in {seconds} second{'s' if seconds > 1 else ''}.",
    )
