"""ariadne-codegen in an environment of its own, because it wants another graphql-core than ours."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

FOLDER = Path(__file__).parent
LOCK, HOME = FOLDER / "requirements.lock", FOLDER / ".venv"
PYTHON, INSTALLED = HOME / "bin" / "python", HOME / "installed.lock"
PACKAGE = "whalefall_client"
CONFIGURATION = """
[tool.ariadne-codegen]
schema_path = "{schema}"
queries_path = "{operations}"
target_package_path = "{target}"
target_package_name = "{package}"
scalars.BigInt.type = "int"
scalars.DateTime.type = "datetime.datetime"
scalars.Date.type = "datetime.date"
"""


def install_packages() -> bool:
    """Install what the lock names, unless it is here already; whether all is here now."""
    if INSTALLED.exists() and INSTALLED.read_bytes() == LOCK.read_bytes():
        return True
    install = ("-m", "pip", "install", "-q", "--disable-pip-version-check")
    if _failed(sys.executable, "-m", "venv", "--clear", HOME):
        return False
    if _failed(PYTHON, *install, "--no-deps", "--require-hashes", "-r", LOCK):
        return False
    INSTALLED.write_bytes(LOCK.read_bytes())
    return True


def generate(schema: str, operations: Path, target: Path) -> None:
    """Make the package whalefall_client in a folder: a client with a method for each operation."""
    (target / "schema.graphql").write_text(schema)
    configuration = CONFIGURATION.format(
        schema=target / "schema.graphql", operations=operations, target=target, package=PACKAGE
    )
    (target / "codegen.toml").write_text(configuration)
    command: Sequence[str | Path] = (
        *(PYTHON, "-m", "ariadne_codegen"),
        *("--config", target / "codegen.toml", "client"),
    )
    subprocess.run(command, cwd=target, check=True, capture_output=True)


def _failed(*command: str | Path) -> bool:
    return bool(subprocess.run(command).returncode)
