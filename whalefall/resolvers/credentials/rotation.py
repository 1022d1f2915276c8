"""Encrypting all credentials with the current key, so that an old key can go."""

import structlog
from sqlalchemy import select, update

from whalefall.auth import Actor, Permission
from whalefall.db import Database, WriteSession
from whalefall.errors import Code, Problem
from whalefall.models.instances import Credential
from whalefall.resolvers.audit import audit

log = structlog.get_logger(__name__)


async def rotate_keys(db: Database, actor: Actor) -> int:
    """Encrypt anew what another key encrypted; how many there were.

    Each in a transaction of its own, so an interrupted rotation goes on where it stopped.
    Raises CREDENTIAL_DECRYPT_FAILED at the end when some could not be decrypted.
    """
    actor.require(Permission.ADMIN)
    async with db.read() as session:
        others = Credential.key_id != db.keys.current_id
        ids = (await session.execute(select(Credential.id).where(others))).scalars().all()
    rotated, failed = 0, []
    for credential_id in ids:
        try:
            async with db.write() as session:
                rotated += await _rotate(session, db, actor, credential_id)
        except Problem as problem:
            log.warning("credential.not_rotated", credential_id=credential_id, exc_info=problem)
            failed.append(credential_id)
    if failed:
        raise Problem(
            f"{rotated} credentials encrypted anew, but {len(failed)} could not be decrypted "
            f"(ids {', '.join(map(str, failed))}).",
            code=Code.CREDENTIAL_DECRYPT_FAILED,
            hint="Bring their key back into the ring, or set their passwords again.",
        )
    return rotated


async def _rotate(session: WriteSession, db: Database, actor: Actor, credential_id: int) -> int:
    """1, or 0 when somebody else was faster."""
    one = select(Credential.key_id, Credential.password_ciphertext).where(
        Credential.id == credential_id, Credential.key_id != db.keys.current_id
    )
    row = (await session.execute(one.with_for_update())).one_or_none()
    if row is None:
        return 0
    password = db.keys.decrypt(row.key_id, row.password_ciphertext, credential_id)
    key_id, ciphertext = db.keys.encrypt(password, credential_id)
    values = {"key_id": key_id, "password_ciphertext": ciphertext}
    await session.execute(update(Credential).where(Credential.id == credential_id).values(values))
    was, now = {"key_id": row.key_id}, {"key_id": key_id}
    await audit(session, actor, "credential.key_rotated", "Credential", credential_id, was, now)
    return 1
