"""`./run check` and `./run test`: the checks, what tests need from the system, pytest."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.clients import codegen, node

BIN = Path(sys.executable).parent
WITHOUT = "WHALEFALL_TEST_WITHOUT"
SYSTEM_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
CHECKS = (
    ("-m", "ruff", "format", "--check", "-q", "."),
    ("-m", "ruff", "check", "-q", "."),
    ("-m", "mypy", "--no-error-summary"),
    (str(BIN / "lint-imports"),),
    ("-m", "djlint", "--lint", "--quiet", "templates"),
)
# The whole suite is shared by processes, each with servers of its own.
SHARED = ("-n", "logical", "--maxprocesses=4", "--dist=loadfile", "--no-loadscope-reorder")
FULL = {"WHALEFALL_TEST_QUERIES": "10000"}  # where the ordinary tests take a sample
SUITES = {  # what runs only by its name
    "chaos": ("tests/chaos/suite", "-n", "4", "--dist=worksteal"),  # it waits more than it works
    "clients": ("tests/clients/suite",),
    "faults": ("tests/faults/suite",),
    "scale": ("tests/scale/suite",),
}


@dataclass(frozen=True)
class Part:
    """Something that tests need from the system; its name is also the mark of those tests."""

    programs: tuple[str, ...]
    packages: Mapping[str, str]  # Debian package -> a program or a file that it brings


POSTGRESQL = "/usr/lib/postgresql/*/bin/postgres"  # speaks TLS, which the embedded one does not
NO_CLUSTER = Path("/etc/postgresql-common/createcluster.conf")
PARTS = {
    "mariadb": Part(
        ("mariadbd", "mariadb-install-db", "my_print_defaults"),
        {"mariadb-server-core": "mariadbd", "mariadb-client-core": "my_print_defaults"},
    ),
    "postgresql": Part((POSTGRESQL,), {"postgresql": POSTGRESQL}),
    "odbc": Part(
        ("isql",),
        {"unixodbc": "isql", "tdsodbc": "/usr/share/tdsodbc/odbcinst.ini"},
    ),
    "chromium": Part(
        ("chromium",),
        {
            "chromium": "chromium",
            "fonts-noto-cjk": "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
        },
    ),
}


def main(command: str, *arguments: str) -> int:
    """Run `check` or `test`; returns the exit status."""
    if command == "check":
        return check()
    first = arguments[0] if arguments else "-"
    if first in SUITES:
        return suite(first, *arguments[1:])
    if first == "full":
        os.environ.update(FULL)
        return main("test", *arguments[1:]) or suite("clients")
    if not first.startswith("-") and not Path(first.partition("::")[0]).exists():
        return refuse(f"there is no suite and no file {first!r}")
    without = [name for name in os.environ.get(WITHOUT, "").split(",") if name]
    if unknown := set(without) - set(PARTS):
        return refuse(f"{WITHOUT} names {', '.join(sorted(unknown))}; parts: {', '.join(PARTS)}")
    wanted = [part for name, part in PARTS.items() if name not in without]
    install([package for part in wanted for package in missing_packages(part)])
    if missing := [name for part in wanted for name in part.programs if not found(name)]:
        return refuse(f"missing: {', '.join(missing)} (or set {WITHOUT}={','.join(PARTS)})")
    if not node.install_packages():
        return refuse("npm cannot install what tests/clients/package-lock.json names")
    is_whole = all(one.startswith("-") for one in arguments)
    shared = SHARED if is_whole else ()
    return check() or run(sys.executable, *pytest(without, (*shared, *arguments)))


def suite(name: str, *arguments: str) -> int:
    """Run a suite, and nothing else."""
    if name == "clients" and not (node.install_packages() and codegen.install_packages()):
        return refuse("npm or pip cannot install what the locks in tests/clients name")
    return run(sys.executable, *pytest((), (*SUITES[name], *arguments)))


def check() -> int:
    """Run every check, also after one has failed; 1 when any did."""
    failed = [one for one in CHECKS if run(sys.executable, *one)]
    for arguments in failed:
        say(f"failed: python {' '.join(arguments)}")
    return int(bool(failed))


def pytest(without: Sequence[str], arguments: Sequence[str]) -> list[str]:
    """The arguments of Python that run the tests of all other parts."""
    marks = " and ".join(f"not {name}" for name in without)
    return ["-m", "pytest", *(["-m", marks] if marks else []), *arguments]


def missing_packages(part: Part) -> list[str]:
    return [package for package, brings in part.packages.items() if not found(brings)]


def install(packages: Sequence[str]) -> None:
    """Install Debian packages where that is possible; what stays away is found missing later."""
    if not packages or os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    if "postgresql" in packages and not NO_CLUSTER.exists():
        NO_CLUSTER.parent.mkdir(exist_ok=True)
        NO_CLUSTER.write_text("create_main_cluster = false\n")  # the program is all we want
    run("apt-get", "-qq", "update")
    run("apt-get", "-qq", "install", "-y", "--no-install-recommends", *packages)


def found(name: str) -> bool:
    """Whether a program, or a file named by the pattern of its whole path, is here."""
    if name.startswith("/"):
        return any(Path("/").glob(name.removeprefix("/")))
    return bool(shutil.which(name, path=SYSTEM_PATH))


def run(*command: str | Path) -> int:
    return subprocess.run(command, env={**os.environ, "PATH": SYSTEM_PATH}).returncode


def refuse(reason: str) -> int:
    say(reason)
    return 2


def say(line: str) -> None:
    sys.stderr.write(f"run: {line}\n")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
