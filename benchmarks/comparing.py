"""Whether servers give the same answers, leaf by leaf."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from benchmarks.questions import Question
from benchmarks.servers import Refused, Server

OPAQUE = (".id", ".cursor", ".startCursor", ".endCursor")
Leaf = tuple[str, object]


def compare(servers: Sequence[Server], question: Question) -> int:
    """The number of leaves in the first server's answer. Raises where another one differs.

    A server with ids and cursors of its own must have one wherever the first has one.
    """
    first, *others = servers
    answer = list(leaves(first.ask(question)))
    for other in others:
        exact = first.kind.dialect.exact and other.kind.dialect.exact
        wanted, given = (
            each if exact else list(map(_veiled, each))
            for each in (answer, list(leaves(other.ask(question))))
        )
        if difference := _difference(wanted, given):
            raise AssertionError(f"{question.name}: {first.name}, {other.name}: {difference}")
    return len(answer)


def refuses_strangers(server: Server, question: Question) -> None:
    """Raises when a token that nobody made gets an answer."""
    stranger = replace(server, token="wf_" + "0" * 43, bodies={})
    try:
        stranger.ask(question)
    except Refused:
        return
    raise AssertionError(f"{server.name} answers whoever asks")


def leaves(value: Any, path: str = "") -> Iterator[Leaf]:
    """Every scalar with its path; empty lists and objects count, fields in any order."""
    if isinstance(value, dict) and value:
        for key in sorted(value):
            yield from leaves(value[key], f"{path}.{key}")
    elif isinstance(value, list) and value:
        for number, item in enumerate(value):
            yield from leaves(item, f"{path}[{number}]")
    else:
        yield path, value


def _veiled(leaf: Leaf) -> Leaf:
    path, value = leaf
    return (path, bool(value)) if path.endswith(OPAQUE) else leaf


def _difference(wanted: Sequence[Leaf], given: Sequence[Leaf]) -> str:
    for ours, theirs in zip(wanted, given, strict=False):
        if ours != theirs:
            return f"{ours} is not {theirs}"
    return "" if len(wanted) == len(given) else f"{len(wanted)} leaves are not {len(given)}"
