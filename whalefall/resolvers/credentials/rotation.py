"""Encrypting all credentials with the current key, so that an old key can go."""

from collections.abc import Callable
from dataclasses import dataclass

import structlog
from sqlalchemy import func, select, update

from whalefall.auth import Actor, Permission
from whalefall.crypto import KeyRing
from whalefall.db import Database, Session, WriteSession
from whalefall.errors import Code, Problem, said
from whalefall.models.instances import Credential
from whalefall.resolvers.audit import audit
from whalefall.resolvers.nouns.noun import described

log = structlog.get_logger(__name__)
Progress = Callable[[int, int], None]  # how many are done, of how many


@dataclass(kw_only=True)
class KeyUsage:
    """A key that encrypts passwords of credentials; never the key itself."""

    key_id: str = described("The key's id, as WHALEFALL_SECRET_KEYS names it.")
    count: int = described("Credentials whose password it encrypts.")
    is_current: bool = described("Whether new passwords are encrypted with it.")
    is_known: bool = described("Whether it is in the ring; else these passwords cannot be read.")


async def list_credential_keys(session: Session, actor: Actor, keys: KeyRing) -> list[KeyUsage]:
    """The keys of the ring in its order, then those that are used but not in it."""
    actor.require(Permission.ADMIN)
    used = select(Credential.key_id, func.count()).group_by(Credential.key_id)
    counts = {row[0]: row[1] for row in await session.execute(used)}
    return [
        KeyUsage(
            key_id=key_id,
            count=counts.get(key_id, 0),
            is_current=key_id == keys.current_id,
            is_known=key_id in keys.keys,
        )
        for key_id in [*keys.keys, *sorted(counts.keys() - keys.keys.keys())]
    ]


async def rotate_keys(db: Database, actor: Actor, progress: Progress | None = None) -> int:
    """Encrypt anew what another key encrypted; how many there were.

    Each in a transaction of its own, so an interrupted rotation goes on where it stopped;
    `progress` is told after each. Raises CREDENTIAL_DECRYPT_FAILED at the end when some could not
    be decrypted.
    """
    actor.require(Permission.ADMIN)
    async with db.read() as session:
        others = select(Credential.id).where(Credential.key_id != db.keys.current_id)
        ids = (await session.execute(others.order_by(Credential.id))).scalars().all()
    rotated, failed = 0, []
    for credential_id in ids:
        try:
            async with db.write() as session:
                rotated += await _rotate(session, db.keys, actor, credential_id)
        except Problem as problem:
            if problem.problem_code is not Code.CREDENTIAL_DECRYPT_FAILED:
                raise
            log.warning("credential.not_rotated", credential_id=credential_id, exc_info=problem)
            failed.append(credential_id)
        if progress is not None:
            progress(rotated, len(ids))
    if failed:
        raise _undecryptable(rotated, failed)
    return rotated


async def _rotate(session: WriteSession, keys: KeyRing, actor: Actor, credential_id: int) -> int:
    """1, or 0 when somebody else was faster."""
    one = select(Credential.key_id, Credential.password_ciphertext).where(
        Credential.id == credential_id, Credential.key_id != keys.current_id
    )
    row = (await session.execute(one.with_for_update())).one_or_none()
    if row is None:
        return 0
    password = keys.decrypt(row.key_id, row.password_ciphertext, credential_id)
    key_id, ciphertext = keys.encrypt(password, credential_id)
    values = {"key_id": key_id, "password_ciphertext": ciphertext}
    await session.execute(update(Credential).where(Credential.id == credential_id).values(values))
    was, now = {"key_id": row.key_id}, {"key_id": key_id}
    await audit(session, actor, "credential.key_rotated", "Credential", credential_id, was, now)
    return 1


def _undecryptable(rotated: int, failed: list[int]) -> Problem:
    return Problem(
        said(
            "%(rotated)s credentials encrypted anew, but %(failed)s could not be decrypted"
            " (ids %(ids)s).",
            rotated=rotated,
            failed=len(failed),
            ids=failed,
        ),
        code=Code.CREDENTIAL_DECRYPT_FAILED,
        hint=said("Bring their key back into the ring, or set their passwords again."),
    )
