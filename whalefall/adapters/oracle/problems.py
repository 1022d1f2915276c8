"""The driver's errors as problems: a code by Oracle's or the driver's own number."""

import asyncio
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import oracledb

from whalefall.errors import Code, Problem, TargetProblem, said

_MESSAGES = {
    Code.AUTH_FAILED: said(
        "The server refused the account: wrong password, unknown, locked or expired."
    ),
    Code.DATABASE_NOT_FOUND: said("The server knows no such service."),
    Code.TARGET_PERMISSION_DENIED: said("The account lacks a privilege for this."),
    Code.DATABASE_CONNECTION_ERROR: said("The server cannot be reached, hung up, or is no Oracle."),
    Code.DATABASE_TIMEOUT: said("The server did not answer in time."),
    Code.TLS_ERROR: said("The connection cannot be encrypted as asked."),
    Code.TOO_MANY_CONNECTIONS: said("The server takes no more connections now."),
    Code.UNSUPPORTED: said("This version of Oracle is too old to be read: 12.1 is the oldest."),
    Code.DATABASE_QUERY_ERROR: said("The server could not answer the query."),
}
NO_TABLESPACE = said("The server has no such tablespace.")
_NUMBERS = {
    Code.AUTH_FAILED: ("ORA-01017", "ORA-01045", "ORA-28000", "ORA-28001", "ORA-28002"),
    Code.DATABASE_NOT_FOUND: ("ORA-12505", "ORA-12514", "DPY-6001", "DPY-6003"),
    Code.TARGET_PERMISSION_DENIED: ("ORA-00942", "ORA-01031", "ORA-41900"),
    Code.DATABASE_TIMEOUT: ("ORA-01013", "ORA-00054", "ORA-12170", "DPY-4024"),
    Code.TLS_ERROR: ("ORA-28860", "ORA-29024", "DPY-3001", "DPY-6006"),
    Code.TOO_MANY_CONNECTIONS: ("ORA-00018", "ORA-00020", "ORA-02391", "ORA-12516", "ORA-12520"),
    Code.UNSUPPORTED: ("DPY-3010",),
    Code.DATABASE_CONNECTION_ERROR: (
        *("ORA-00028", "ORA-01012", "ORA-01033", "ORA-01034", "ORA-01089", "ORA-01090"),
        *("ORA-01109", "ORA-03113", "ORA-03114", "ORA-03135", "ORA-12528", "ORA-12537"),
        *("ORA-12541", "ORA-12545", "DPY-1001", "DPY-4011", "DPY-6000", "DPY-6005"),
    ),
}
_CODES = {number: code for code, numbers in _NUMBERS.items() for number in numbers}
_NUMBER = re.compile(r"(?:ORA|DPY)-\d+")
# What the driver raises when the bytes make no sense to it.
_GIBBERISH = (LookupError, ValueError, TypeError, AttributeError, AssertionError, EOFError)


@contextmanager
def driver_problems() -> Iterator[None]:
    """Turn what the driver raises into a TargetProblem that keeps it as its cause."""
    try:
        yield
    except Problem:
        raise
    except (oracledb.Error, OSError, asyncio.IncompleteReadError, *_GIBBERISH) as error:
        raise problem(_code_of(error)) from error


def problem(code: Code, message: str | None = None, *, hint: str | None = None) -> TargetProblem:
    """A problem of the target that the adapter finds by itself."""
    return TargetProblem(message or _MESSAGES[code], code=code, hint=hint)


def _code_of(error: BaseException) -> Code:
    """The first number that is known: the driver wraps the server's in its own, or its own."""
    if isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError):
        return Code.TLS_ERROR
    if isinstance(error, TimeoutError):
        return Code.DATABASE_TIMEOUT
    if not isinstance(error, oracledb.Error):
        return Code.DATABASE_CONNECTION_ERROR
    known = [_CODES[number] for number in _NUMBER.findall(str(error)) if number in _CODES]
    if known:
        return known[0]
    is_interface = isinstance(error, oracledb.InterfaceError)
    return Code.DATABASE_CONNECTION_ERROR if is_interface else Code.DATABASE_QUERY_ERROR
