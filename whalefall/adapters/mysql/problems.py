"""The driver's errors as problems: a code by the server's number, words for people."""

import ssl
import struct
from collections.abc import Iterator
from contextlib import contextmanager

from pymysql.err import InterfaceError, MySQLError

from whalefall.errors import Code, TargetProblem, said

_MESSAGES = {
    Code.AUTH_FAILED: said(
        "The server refused the account: wrong password, unknown, locked or expired."
    ),
    Code.DATABASE_NOT_FOUND: said("The server has no such database."),
    Code.TARGET_PERMISSION_DENIED: said("The account lacks a privilege for this."),
    Code.DATABASE_CONNECTION_ERROR: said(
        "The server cannot be reached, hung up, or speaks no MySQL."
    ),
    Code.DATABASE_TIMEOUT: said("The server did not answer in time."),
    Code.TLS_ERROR: said("The connection cannot be encrypted as asked."),
    Code.TOO_MANY_CONNECTIONS: said("The server takes no more connections now."),
    Code.DATABASE_QUERY_ERROR: said("The server could not answer the query."),
}
_NUMBERS = {
    Code.AUTH_FAILED: (1045, 1130, 1251, 1524, 1698, 1820, 1862, 2059, 3118, 3955, 4151),
    Code.DATABASE_NOT_FOUND: (1049,),
    Code.TARGET_PERMISSION_DENIED: (1044, 1142, 1143, 1227, 1370),
    # Handshake, shutdown, killed, and the client library's own numbers.
    Code.DATABASE_CONNECTION_ERROR: (
        *(1042, 1043, 1053, 1077, 1079, 1080, 1129, 1152, 1158, 1160, 1184, 1927),
        *(2002, 2003, 2005, 2006, 2012, 2013, 2014, 2027, 2055),
    ),
    Code.DATABASE_TIMEOUT: (1159, 1161, 1205, 1969, 3024),
    Code.TLS_ERROR: (2026, 3159),
    Code.TOO_MANY_CONNECTIONS: (1040, 1203, 1226),
}
_CODES = {number: code for code, numbers in _NUMBERS.items() for number in numbers}

# What the driver raises when the bytes make no sense: it checks none of them.
_GIBBERISH = (
    RuntimeError,
    AssertionError,
    struct.error,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
)


@contextmanager
def driver_problems() -> Iterator[None]:
    """Turn what the driver raises into a TargetProblem that keeps it as its cause."""
    try:
        yield
    except (MySQLError, OSError, *_GIBBERISH) as error:
        code = _code_of(error)
        raise TargetProblem(_MESSAGES[code], code=code) from error


def problem(code: Code, message: str | None = None, *, hint: str | None = None) -> TargetProblem:
    """A problem of the target that the adapter finds by itself."""
    return TargetProblem(message or _MESSAGES[code], code=code, hint=hint)


def _code_of(error: BaseException) -> Code:
    if isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError):
        return Code.TLS_ERROR
    if isinstance(error, TimeoutError):
        return Code.DATABASE_TIMEOUT
    if not isinstance(error, MySQLError) or isinstance(error, InterfaceError):
        return Code.DATABASE_CONNECTION_ERROR
    number = error.args[0] if error.args else None
    if not isinstance(number, int):  # packets out of order
        return Code.DATABASE_CONNECTION_ERROR
    return _CODES.get(number, Code.DATABASE_QUERY_ERROR)
