"""What asyncpg raises, as problems for people. Nothing of the driver's text is passed on."""

import ssl
import struct

import asyncpg
from asyncpg.pgproto.pgproto import BufferError as TornMessage

from whalefall.adapters.postgresql.guard import ForeignAnswer
from whalefall.domain.tls import TlsMode
from whalefall.errors import ClosedDatabase, Code, TargetProblem, said

# A server that talks nonsense can make a driver's parser stumble over anything.
DRIVER_ERRORS = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,  # with TimeoutError, ssl.SSLError and everything a socket says
    ForeignAnswer,
    AttributeError,
    ValueError,
    LookupError,
    TypeError,
    AssertionError,
    BufferError,
    TornMessage,  # the driver's own, which is no BufferError
    SystemError,
    struct.error,
)

_ADDRESS = said("Check host and port, and that the server is up and reachable from here.")
_TLS = said("Check the TLS mode and the CA certificate of the instance.")

_BY_SQLSTATE: dict[str, tuple[Code, str, str]] = {
    "28P01": (
        Code.AUTH_FAILED,
        said("The server refused the user name or the password."),
        said("Check the credential; the role may be locked or its password expired."),
    ),
    "28000": (
        Code.AUTH_FAILED,
        said("The server does not let this account in."),
        said("Check that the role may log in, and that pg_hba.conf permits it from this address."),
    ),
    "3D000": (
        Code.DATABASE_NOT_FOUND,
        said("The server has no such database."),
        said("It may have been renamed or dropped."),
    ),
    "53300": (
        Code.TOO_MANY_CONNECTIONS,
        said("The server has no connection left for this account."),
        said("Try again later, or raise max_connections or the role's connection limit."),
    ),
    "42501": (
        Code.TARGET_PERMISSION_DENIED,
        said("The account lacks a privilege on the server."),
        said("Grant it pg_read_all_stats, CONNECT on the database, EXECUTE on the size functions."),
    ),
    "55000": (
        Code.DATABASE_CONNECTION_ERROR,
        said("The database does not accept connections."),
        said("It is closed by ALLOW_CONNECTIONS, or a DROP DATABASE was interrupted."),
    ),
    "55P03": (
        Code.DATABASE_TIMEOUT,
        said("A lock on the server was not released in time."),
        said("Try again when the maintenance work there is done."),
    ),
    "57014": (
        Code.DATABASE_TIMEOUT,
        said("The server stopped the statement because it took too long."),
        said("Try again when the server is less busy."),
    ),
    "57P03": (
        Code.DATABASE_CONNECTION_ERROR,
        said("The server is starting up or shutting down."),
        said("Try again in a moment."),
    ),
}
_BY_CLASS: dict[str, tuple[Code, str, str]] = {
    "08": (
        Code.DATABASE_CONNECTION_ERROR,
        said("The connection to the server was lost."),
        _ADDRESS,
    ),
    "57": (
        Code.DATABASE_CONNECTION_ERROR,
        said("The server ended the session."),
        said("It may be restarting, or somebody terminated the session. Try again."),
    ),
}
_UNKNOWN = (
    Code.DATABASE_QUERY_ERROR,
    said("The server could not answer the question."),
    said("The log has the server's own words."),
)


class LockTimeout(TargetProblem):
    code = Code.DATABASE_TIMEOUT


def problem_of(error: Exception, mode: TlsMode) -> TargetProblem:
    """The problem that `error` stands for, on a connection that was asked to use TLS by `mode`."""
    code, message, hint = _meaning_of(error, mode)
    if isinstance(error, asyncpg.LockNotAvailableError):
        return LockTimeout(message, hint=hint)
    if isinstance(error, asyncpg.ObjectNotInPrerequisiteStateError):
        return ClosedDatabase(message, hint=hint)
    return TargetProblem(message, code=code, hint=hint)


def is_refused_by_hba(error: Exception) -> bool:
    """Whether pg_hba.conf turns the account away from here, encrypted or not: the file's name
    stands in the answer in every language."""
    return isinstance(
        error, asyncpg.InvalidAuthorizationSpecificationError
    ) and "pg_hba.conf" in str(error)


def _meaning_of(error: Exception, mode: TlsMode) -> tuple[Code, str, str]:
    if isinstance(error, asyncpg.PostgresError):
        return _meaning_of_answer(error, mode)
    if isinstance(error, ssl.SSLCertVerificationError):
        return Code.TLS_ERROR, said("The server's certificate could not be verified."), _TLS
    if isinstance(error, ssl.SSLError):
        return Code.TLS_ERROR, said("No TLS connection could be agreed with the server."), _TLS
    if isinstance(error, TimeoutError):
        return Code.DATABASE_TIMEOUT, said("The server did not answer in time."), _ADDRESS
    if isinstance(error, OSError):
        return Code.DATABASE_CONNECTION_ERROR, said("The server could not be reached."), _ADDRESS
    return (
        Code.DATABASE_CONNECTION_ERROR,
        said("What answered did not speak PostgreSQL's protocol."),
        said("Check that host and port belong to a PostgreSQL server."),
    )


def _meaning_of_answer(error: asyncpg.PostgresError, mode: TlsMode) -> tuple[Code, str, str]:
    if mode is TlsMode.DISABLE and is_refused_by_hba(error):
        return (
            Code.TLS_ERROR,
            said("The server does not let this account in without TLS, or not from this address."),
            said("Choose a TLS mode, or have pg_hba.conf permit this address."),
        )
    sqlstate = error.sqlstate or ""
    return _BY_SQLSTATE.get(sqlstate) or _BY_CLASS.get(sqlstate[:2]) or _UNKNOWN
