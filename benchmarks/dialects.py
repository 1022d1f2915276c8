"""How a server wants to be asked, and its answers in WhaleFall's spelling."""

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from benchmarks.questions import Question

Ask = Callable[[Question], Any]  # the data of the same server's answer to another question


class Dialect(Protocol):
    """`exact`: its ids and cursors are WhaleFall's too."""

    @property
    def exact(self) -> bool: ...

    def path(self, question: Question) -> str: ...

    def body(self, question: Question, ask: Ask) -> Mapping[str, object]: ...

    def plain(self, data: Any) -> Any: ...


@dataclass(frozen=True)
class GraphQL:
    """WhaleFall's own schema, or a part of it."""

    exact: bool = True

    def path(self, question: Question) -> str:
        return "/graphql"

    def body(self, question: Question, ask: Ask) -> Mapping[str, object]:
        return {"query": question.document("question"), "variables": question.variables}

    def plain(self, data: Any) -> Any:
        return data


@dataclass(frozen=True)
class Named:
    """A server that knows the questions by their names."""

    style: str
    exact: bool = True

    def path(self, question: Question) -> str:
        return f"/{self.style}/{question.name}"

    def body(self, question: Question, ask: Ask) -> Mapping[str, object]:
        return {"variables": question.variables}

    def plain(self, data: Any) -> Any:
        return data


@dataclass(frozen=True)
class PostGraphile:
    """Names from the database, bigint as text, all six digits of a fraction, its own cursors."""

    exact: bool = False

    def path(self, question: Question) -> str:
        return "/graphql"

    def body(self, question: Question, ask: Ask) -> Mapping[str, object]:
        variables = dict(question.variables)
        if "id" in variables:
            variables["id"] = _decoded(variables["id"]).partition(":")[2]
        if "after" in variables:
            page = ask(question.sibling("ledger"))["databases"]["pageInfo"]
            order = json.loads(_decoded(page["endCursor"]))[0]
            *names, row_id = json.loads(_decoded(variables["after"]))[3:]
            position = json.dumps([order, *names, str(row_id)], separators=(",", ":"))
            variables["after"] = base64.b64encode(position.encode()).decode()
        return {"query": question.document("postgraphile"), "variables": variables}

    def plain(self, data: Any) -> Any:
        if isinstance(data, dict):
            return {
                NAMES.get(key, key): value["nodes"] if key == "tags" else self.plain(value)
                for key, value in data.items()
            }
        if isinstance(data, list):
            return [self.plain(item) for item in data]
        return _scalar(data) if isinstance(data, str) else data


def _scalar(text: str) -> str | int:
    return int(text) if text.isdecimal() else ZEROS.sub("+00:00", text)


ZEROS = re.compile(r"(?<=:\d\d)\.0+\+00:00$|(?<=[1-9])0+\+00:00$", re.ASCII)
NAMES = {"allDatabases": "databases", "allInstances": "instances", "databaseByKey": "database"}


def _decoded(text: Any) -> str:
    return base64.b64decode(text).decode()
