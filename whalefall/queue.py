"""The way to the workers: a job is a name and ids, sent only after its row is committed."""

from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.errors import BrokerConnectionError
from dramatiq.middleware import (
    AsyncIO,
    Callbacks,
    Pipelines,
    Retries,
    ShutdownNotifications,
    TimeLimit,
)
from redis.exceptions import RedisError

QUEUE = "whalefall"
PENDING_JOBS = "whalefall.jobs"
HEARTBEAT_MS = 15_000
TIME_LIMIT_MS = 20 * 60_000  # a last resort: collections carry their own, shorter deadlines


class Transaction(Protocol):
    """Anything that carries notes along until it is committed; our sessions do."""

    @property
    def info(self) -> MutableMapping[Any, Any]: ...


@dataclass(frozen=True)
class Job:
    name: str
    ids: dict[str, int] = field(default_factory=dict)


def enqueue(transaction: Transaction, name: str, **ids: int) -> None:
    """Note a job to be sent when `transaction` commits; what is rolled back is never sent."""
    transaction.info.setdefault(PENDING_JOBS, []).append(Job(name, ids))


def make_broker(redis_url: str) -> RedisBroker:
    """The broker that web, workers and scheduler share.

    With Dramatiq's defaults a killed worker's job is not redelivered for minutes: maintenance
    runs on a thousandth of the commands. Here it runs on each; price: a little Lua per command.
    """
    broker = RedisBroker(  # type: ignore[no-untyped-call]
        url=redis_url,
        heartbeat_timeout=HEARTBEAT_MS,
        maintenance_chance=1_000_000,
        socket_connect_timeout=2,
        socket_timeout=10,
        middleware=[
            TimeLimit(time_limit=TIME_LIMIT_MS),
            ShutdownNotifications(),
            Callbacks(),
            Pipelines(),
            Retries(max_retries=0),  # attempts are counted in our database, not in messages
            AsyncIO(),
        ],
    )
    dramatiq.set_broker(broker)
    return broker


def send(broker: dramatiq.Broker, job: Job, *, delay_ms: int | None = None) -> None:
    """Hand a job to the broker. Blocking; raises ConnectionError when it does not take it."""
    message: dramatiq.Message[None] = dramatiq.Message(
        queue_name=QUEUE, actor_name=job.name, args=(), kwargs=dict(job.ids), options={}
    )
    try:
        broker.declare_queue(QUEUE)
        broker.enqueue(message, delay=delay_ms)
    except (BrokerConnectionError, RedisError) as error:  # none of them is Python's own
        raise ConnectionError("the broker does not take it") from error
