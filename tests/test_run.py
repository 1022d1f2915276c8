"""`./run`: what it says when something is missing, and when it installs."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests import run

ROOT = Path(__file__).parent.parent
TOOLS = ("sh", "dirname", "cat", "cmp", "cp", "sed", "id", "flock")
PRINTS_ARGUMENTS = "import sys\nprint('ran', *sys.argv[1:])\nsys.exit(3)\n"


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder with the programs that `run` needs, but for Python."""
    folder = tmp_path / "tools"
    folder.mkdir()
    for name in TOOLS:
        if found := shutil.which(name):
            (folder / name).symlink_to(found)
    return folder


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout below a folder closed to others, that depends on nothing and has its .venv."""
    folder = tmp_path_factory.mktemp("closed", numbered=False) / "checkout"
    folder.parent.chmod(0o700)
    (folder / "whalefall").mkdir(parents=True)
    (folder / "whalefall" / "__main__.py").write_text(PRINTS_ARGUMENTS)
    shutil.copy(ROOT / "run", folder)
    (folder / "requirements.lock").write_text("")
    first = call(folder / "run", "demo")
    assert "installing requirements.lock" in first.stderr
    return folder


def test_help_names_every_command() -> None:
    said = call(ROOT / "run", "help").stdout

    for command in (
        "demo",
        "test",
        "check",
        "bench",
        "serve",
        "worker",
        "scheduler",
        "migrate",
        "docs",
    ):
        assert f"{command} " in said


def test_arguments_and_status_go_through(checkout: Path) -> None:
    done = call(checkout / "run", "create-user", "a b")

    assert (done.stdout, done.returncode) == ("ran create-user a b\n", 3)


def test_second_start_installs_nothing(checkout: Path) -> None:
    assert call(checkout / "run", "demo").stderr == ""


def test_changed_lock_is_installed(checkout: Path) -> None:
    with (checkout / "requirements.lock").open("a") as lock:
        lock.write("# changed\n")

    assert "installing requirements.lock" in call(checkout / "run", "demo").stderr


def test_machine_without_python_is_told_which_one(tools: Path, tmp_path: Path) -> None:
    shutil.copy(ROOT / "run", tmp_path)

    done = call(tmp_path / "run", "demo", PATH=str(tools))

    assert done.returncode == 2
    assert "needs Python 3.11 or newer" in done.stderr


def test_python_without_venv_is_told_the_package(tools: Path, tmp_path: Path) -> None:
    python = tools / "python3"
    python.write_text(
        '#!/bin/sh\ncase "$2" in *ensurepip*) exit 1 ;; *print*) echo python3.11-venv ;; esac\n'
    )
    python.chmod(0o755)
    shutil.copy(ROOT / "run", tmp_path)

    done = call(tmp_path / "run", "demo", PATH=str(tools))

    assert done.returncode == 2
    assert "needs the package python3.11-venv" in done.stderr


def test_continuous_integration_deselects_nothing() -> None:
    done = call(ROOT / ".ci" / "run", WHALEFALL_TEST_WITHOUT="mariadb")

    assert done.returncode == 2
    assert "nothing is deselected" in done.stderr


def test_unknown_suite_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main("test", "everything") == 2
    assert "no suite and no file 'everything'" in capsys.readouterr().err


def test_suites_are_left_out_unless_they_are_named() -> None:
    suites = [folder for folder, *_ in run.SUITES.values()]
    beside, named = collected(*[str(Path(suite).parent) for suite in suites]), collected(*suites)

    assert [suite for suite in suites if suite in beside] == []
    assert [suite for suite in suites if f"{suite}/test_" not in named] == []


def test_unknown_part_cannot_be_left_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(run.WITHOUT, "mariadb,oracle")

    assert run.main("test") == 2
    assert "oracle" in capsys.readouterr().err


def test_missing_program_fails_by_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(run.WITHOUT, raising=False)
    monkeypatch.setattr(run, "PARTS", {"oracle": run.Part(("oracled",), {})})

    assert run.main("test") == 2
    assert "missing: oracled" in capsys.readouterr().err


def test_parts_left_out_are_deselected_by_their_marks() -> None:
    command = run.pytest(["mariadb", "chromium"], ["-x"])

    assert command == ["-m", "pytest", "-m", "not mariadb and not chromium", "-x"]


def collected(*folders: str) -> str:
    """What pytest would run in these folders."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", *folders]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def call(program: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    settings: Mapping[str, str] = {**os.environ, **environment}
    return subprocess.run(
        [program, *arguments], env=settings, capture_output=True, text=True, cwd="/"
    )
