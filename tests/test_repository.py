"""What lies in the repository: locks that name no address, files that name no machine."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LOCKS = ("requirements.lock", "requirements-dev.lock")
# Put together here, so that this file does not name what it looks for.
HOSTS = (
    "py" + "pi.org",
    "python" + "hosted.org",
    "npm" + "js.org",
    "npm" + "js.com",
)
PLACES = ("/ro" + "ot/", "/ho" + "me/", "/Us" + "ers/", "/wo" + "rk/", "/op" + "t/pypi")


def tracked_files() -> list[Path]:
    """Every file that is committed, or would be by adding everything."""
    names = git("ls-files", "--cached", "--others", "--exclude-standard", "-z")
    return [path for name in names.split("\0") if name and (path := ROOT / name).is_file()]


@pytest.mark.parametrize("word", [*HOSTS, *PLACES])
def test_no_file_names_an_index_or_a_machine(word: str) -> None:
    naming = [path for path in tracked_files() if word.encode() in path.read_bytes()]

    assert not naming


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_one_version_and_its_hashes(lock: str) -> None:
    entries = re.split(r"\n(?! )", (ROOT / lock).read_text().strip())

    assert len(entries) > 20
    for entry in entries:
        assert re.match(r"[a-z0-9-]+==\S+", entry), entry
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_name_no_address(lock: str) -> None:
    assert not re.search(r"://|--index|--find-links|\.whl", (ROOT / lock).read_text())


def test_locks_agree_on_versions() -> None:
    runtime, development = (locked(name) for name in LOCKS)

    differing = {
        name for name in runtime.keys() & development.keys() if runtime[name] != development[name]
    }

    assert not differing


def test_every_dependency_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())

    for names, lock in (
        (project["project"]["dependencies"], LOCKS[0]),
        (project["dependency-groups"]["dev"], LOCKS[1]),
    ):
        assert {plain(name) for name in names} <= locked(lock).keys()


def test_htmx_is_locked_without_its_framework() -> None:
    runtime = locked(LOCKS[0])

    assert "django-htmx" in runtime
    assert "django" not in runtime


def test_git_ignores_what_running_makes() -> None:
    made = [".venv/x", ".whalefall/x", "whalefall/__pycache__/x", ".mypy_cache/x"]

    ignored = subprocess.run(
        ["git", "check-ignore", *made], cwd=ROOT, capture_output=True, text=True
    )

    assert ignored.stdout.split() == made


def git(*arguments: str) -> str:
    command = ["git", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def locked(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / lock).read_text(), re.MULTILINE))


def plain(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found
    return found[0].lower().replace("_", "-").replace(".", "-")
