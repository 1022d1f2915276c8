"""What an HTTP request asks of GraphQL; anything malformed is refused with a typed error."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import Request

from whalefall.domain.checks import is_storable
from whalefall.errors import BadInput, Code
from whalefall.schema.context import found_by_edge
from whalefall.schema.limits import MAX_CONTAINERS, MAX_DOCUMENT_BYTES, MAX_VALUES

METHODS = "GET, POST"
PREFLIGHT = "graphql-require-preflight"


class Refusal(BadInput):
    """A request that never becomes an operation, with the HTTP status that says so."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        code: Code | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message, code=code)
        self.status = status
        self.headers = headers or {}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """An operation to run, not parsed yet."""

    query: str
    operation_name: str | None
    variables: dict[str, Any] | None


async def read_request(request: Request) -> Asked:
    """Raises Refusal."""
    if request.method == "POST":
        return read_asked(_object(read_json(await _body(request))))
    if request.method == "GET":
        return read_asked(_query_string(request))
    raise Refusal("Use POST.", status=405, headers={"Allow": METHODS})


def read_asked(given: dict[str, Any]) -> Asked:
    """Raises Refusal."""
    query = given.get("query")
    if not isinstance(query, str) or not query:
        raise Refusal("Send a document as the string `query`.")
    if len(query.encode(errors="surrogatepass")) > MAX_DOCUMENT_BYTES:
        raise Refusal("The document is larger than 64 KB.", code=Code.QUERY_TOO_COMPLEX)
    name = given.get("operationName")
    if name is not None and not isinstance(name, str):
        raise Refusal("`operationName` must be a string.")
    for key in ("variables", "extensions"):
        if not isinstance(given.get(key), dict | None):
            raise Refusal(f"`{key}` must be an object.")
    variables = given.get("variables")
    _check_values(variables)
    return Asked(query=query, operation_name=name or None, variables=variables)


async def _body(request: Request) -> bytes:
    media_type, _, parameters = request.headers.get("content-type", "").partition(";")
    if media_type.strip().lower() != "application/json":
        raise Refusal("Send application/json.", status=415)
    charset = parameters.lower().replace('"', "").replace(" ", "")
    if charset not in ("", "charset=utf-8"):
        raise Refusal("Send UTF-8.", status=415)
    read: bytes | None = found_by_edge(request).get("body")
    return await request.body() if read is None else read


def _query_string(request: Request) -> dict[str, Any]:
    """A header that no form and no link can send keeps other sites from reading with our cookie."""
    if PREFLIGHT not in request.headers:
        raise Refusal(f"GET needs the header {PREFLIGHT}.")
    given: dict[str, Any] = dict(request.query_params)
    for name in ("variables", "extensions"):
        if given.get(name):
            given[name] = read_json(given[name].encode(errors="surrogatepass"))
        else:
            given.pop(name, None)
    return given


def read_json(text: bytes) -> Any:
    """Raises Refusal."""
    if text.count(b"[") + text.count(b"{") > MAX_CONTAINERS:
        raise Refusal("This has too many lists and objects.")
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Refusal("This is not JSON in UTF-8.") from error


def _object(value: Any) -> dict[str, Any]:
    if isinstance(value, list):
        raise Refusal("Send one operation; batches are not served.")
    if not isinstance(value, dict):
        raise Refusal("Send a JSON object.")
    return value


def _check_values(variables: Any) -> None:
    """Refuse more values than anybody needs, and texts that PostgreSQL could not hold."""
    waiting, count = [variables], 0
    while waiting:
        value = waiting.pop()
        if isinstance(value, str) and not is_storable(value):
            raise Refusal("A text may not contain the character NUL.")
        if isinstance(value, dict | list):
            count += len(value)
            if count > MAX_VALUES:
                message = f"The variables have more than {MAX_VALUES} values."
                raise Refusal(message, code=Code.QUERY_TOO_COMPLEX)
            waiting.extend(value.values() if isinstance(value, dict) else value)
