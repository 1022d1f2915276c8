"""The driver's errors as problems: a code by the server's number, or by the SQLSTATE."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from whalefall.errors import ClosedDatabase, Code, TargetProblem, said

_MESSAGES = {
    Code.AUTH_FAILED: said(
        "The server refused the account: wrong password, unknown, locked, disabled or expired."
    ),
    Code.DATABASE_NOT_FOUND: said("The server has no such database."),
    Code.TARGET_PERMISSION_DENIED: said("The account lacks a permission for this."),
    Code.DATABASE_CONNECTION_ERROR: said(
        "The server cannot be reached, hung up, or speaks no SQL Server."
    ),
    Code.DATABASE_TIMEOUT: said("The server did not answer in time."),
    Code.TLS_ERROR: said("The connection cannot be encrypted as asked."),
    Code.TOO_MANY_CONNECTIONS: said("The server takes no more connections now."),
    Code.DATABASE_QUERY_ERROR: said("The server could not answer the query."),
}
SHUT = said("The database cannot be entered now: it is offline, restoring, or a closed replica.")
SHUT_NUMBERS = (922, 923, 924, 926, 927, 942, 945, 946, 952, 976, 978, 983, 988)
_NUMBERS = {
    Code.AUTH_FAILED: (18452, 18456, 18461, 18470, 18486, 18487, 18488),
    Code.DATABASE_NOT_FOUND: (911, 4060),
    Code.TARGET_PERMISSION_DENIED: (229, 230, 262, 297, 300, 371, 916, 15247),
    # Killed, shutting down, paused; and FreeTDS's own numbers.
    Code.DATABASE_CONNECTION_ERROR: (*SHUT_NUMBERS, 596, 6005, 17142, *range(20000, 20100)),
    Code.DATABASE_TIMEOUT: (1222, 20003),
    Code.TLS_ERROR: (20047,),
    Code.TOO_MANY_CONNECTIONS: (10928, 10929, 17300, 17809),
}
_CODES = {number: code for code, numbers in _NUMBERS.items() for number in numbers}
_STATES = {
    "HYT00": Code.DATABASE_TIMEOUT,
    "HYT01": Code.DATABASE_TIMEOUT,
    "28000": Code.AUTH_FAILED,
    "08001": Code.DATABASE_CONNECTION_ERROR,
    "08004": Code.DATABASE_CONNECTION_ERROR,
    "08S01": Code.DATABASE_CONNECTION_ERROR,
}
_NUMBER = re.compile(r"\((\d+)\) \(SQL\w+\)")
_TLS = re.compile(r"\bSSL\b|\bTLS\b|certificate|encrypt", re.IGNORECASE)


@contextmanager
def driver_problems() -> Iterator[None]:
    """Turn what the driver raises into a TargetProblem that keeps it as its cause.

    pyodbc's errors are recognised by their shape (SQLSTATE, text), as it may not be importable.
    """
    try:
        yield
    except TimeoutError as error:
        raise problem(Code.DATABASE_TIMEOUT) from error
    except OSError as error:
        raise problem(Code.DATABASE_CONNECTION_ERROR) from error
    except (ValueError, OverflowError) as error:
        raise problem(Code.DATABASE_QUERY_ERROR) from error
    except Exception as error:
        if type(error).__module__ != "pyodbc":
            raise
        raise _problem_of(error) from error


def problem(code: Code, message: str | None = None, *, hint: str | None = None) -> TargetProblem:
    """A problem of the target that the adapter finds by itself."""
    return TargetProblem(message or _MESSAGES[code], code=code, hint=hint)


def _problem_of(error: Exception) -> TargetProblem:
    state, text = [*map(str, error.args), "", ""][:2]
    numbers = [int(number) for number in _NUMBER.findall(text)]
    if any(number in SHUT_NUMBERS for number in numbers):
        return ClosedDatabase(SHUT)
    code = next((_CODES[number] for number in numbers if number in _CODES), None)
    if code is None and not any(numbers):
        # FreeTDS says "Unknown error (0)" of a connection that was lost in mid-answer.
        code = _STATES.get(state, Code.DATABASE_CONNECTION_ERROR)
    if code is None or code is Code.DATABASE_CONNECTION_ERROR:
        code = Code.TLS_ERROR if _TLS.search(text) else code or _STATES.get(state)
    return problem(code or Code.DATABASE_QUERY_ERROR)
