"""The commands behind ./run."""

import argparse
import asyncio
import getpass
import sys
from collections.abc import Awaitable, Callable

from whalefall import app, demo, logs
from whalefall.auth import Actor, Role
from whalefall.db import Database, migrate
from whalefall.errors import Problem
from whalefall.jobs.runtime import run_worker
from whalefall.jobs.scheduler import run_scheduler
from whalefall.resolvers.credentials import list_credential_keys, rotate_keys
from whalefall.resolvers.users import create_api_token, create_user
from whalefall.settings import Settings, SettingsError

CONSOLE = Actor.system("console")


def main() -> int:
    """Run one command; 0 when it went well, 1 with one line of reason, 2 for wrong arguments."""
    arguments = _parser().parse_args()
    try:
        arguments.run(Settings.from_env(), arguments)
    except (Problem, SettingsError) as problem:
        print(f"whalefall: {problem}", file=sys.stderr)  # noqa: T201 (a command's own voice)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./run", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: object, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(run=run)
        return added

    command("demo", _demo, "Everything at once on private servers, with sample databases.")
    command("serve", _serve, "The web process: pages and GraphQL.")
    command("worker", _worker, "A worker process: collects from instances.")
    command("scheduler", _scheduler, "The scheduler process: finds lost work again.")
    command("migrate", _migrate, "Bring the main database to the newest schema.")
    command("rotate-keys", _rotate_keys, "Encrypt all credentials with the first key of the ring.")
    user = command("create-user", _create_user, "Create a user; asks for the password.")
    user.add_argument("username")
    user.add_argument("--role", type=str.upper, choices=list(Role), default=Role.VIEWER)
    token = command("create-token", _create_token, "Create and print a user's API token.")
    token.add_argument("username")
    token.add_argument("--name", default="console", help="what the token is for")
    return parser


def _demo(settings: Settings, _arguments: argparse.Namespace) -> None:
    demo.run_demo(settings)


def _serve(settings: Settings, _arguments: argparse.Namespace) -> None:
    app.serve(settings)


def _worker(settings: Settings, _arguments: argparse.Namespace) -> None:
    logs.configure(settings)
    run_worker(settings)


def _scheduler(settings: Settings, _arguments: argparse.Namespace) -> None:
    logs.configure(settings)
    asyncio.run(run_scheduler(settings))


def _migrate(settings: Settings, _arguments: argparse.Namespace) -> None:
    migrate(settings.database_url)


def _create_user(settings: Settings, arguments: argparse.Namespace) -> None:
    password = getpass.getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")

    async def create(db: Database) -> None:
        async with db.write() as session:
            role = Role(arguments.role)
            await create_user(session, CONSOLE, arguments.username, password, role)

    asyncio.run(_with_database(settings, create))


def _create_token(settings: Settings, arguments: argparse.Namespace) -> None:
    async def create(db: Database) -> None:
        async with db.write() as session:
            token = await create_api_token(
                session, CONSOLE, arguments.username, name=arguments.name
            )
        print(token)  # noqa: T201 (shown once, to who asked)

    asyncio.run(_with_database(settings, create))


def _rotate_keys(settings: Settings, _arguments: argparse.Namespace) -> None:
    """A rotation that is interrupted goes on where it stopped when the command is run again."""

    async def rotate(db: Database) -> None:
        try:
            count = await rotate_keys(db, CONSOLE, _say_progress)
            print(f"{count} credentials encrypted anew")  # noqa: T201
        finally:
            await _say_keys(db)

    asyncio.run(_with_database(settings, rotate))


def _say_progress(done: int, total: int) -> None:
    print(f"{done} of {total} re-encrypted", flush=True)  # noqa: T201


async def _say_keys(db: Database) -> None:
    """Which keys credentials still need: one that is unused may leave the ring."""
    async with db.read() as session:
        keys = await list_credential_keys(session, CONSOLE, db.keys)
    for key in keys:
        used = f"encrypts {key.count} credentials" if key.count else "unused by credentials"
        note = "" if key.is_known else ", not in WHALEFALL_SECRET_KEYS"
        print(f"key {key.key_id}: {used}{', current' if key.is_current else note}")  # noqa: T201


async def _with_database(settings: Settings, run: Callable[[Database], Awaitable[None]]) -> None:
    db = Database.of(settings)
    await db.open()
    try:
        await run(db)
    finally:
        await db.close()


if __name__ == "__main__":
    sys.exit(main())
