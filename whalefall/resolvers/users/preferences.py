"""How the signed-in person likes the pages: kept with them, wherever they sign in."""

from dataclasses import dataclass

from sqlalchemy import select, update

from whalefall.auth import Actor
from whalefall.db import ReadSession, Session, WriteSession
from whalefall.domain.checks import checked
from whalefall.domain.patch import UNSET, Unset, given
from whalefall.domain.preferences import CHECKS, Preferences
from whalefall.errors import AuthenticationRequired
from whalefall.models.users import User
from whalefall.resolvers.audit import audit
from whalefall.resolvers.nouns.writing import changes

COLUMNS = [User.theme, User.density, User.language, User.time_zone, User.uses_keys]


@dataclass(kw_only=True)
class PreferencesPatch:
    """Changes to preferences; null: as the browser or the installation says."""

    theme: str | Unset | None = UNSET
    density: str | Unset | None = UNSET
    language: str | Unset | None = UNSET
    time_zone: str | Unset | None = UNSET
    uses_keys: bool | Unset = UNSET


async def get_preferences(session: ReadSession, actor: Actor) -> Preferences:
    """The signed-in person's, also before they have chosen the password that they must."""
    user_id, _ = actor.require_session()
    return await _stored(session, user_id, hold=False)


async def update_preferences(
    session: WriteSession, actor: Actor, patch: PreferencesPatch
) -> Preferences:
    """Change one's own. Raises Problems with everything that does not fit."""
    user_id, _ = actor.require_session()
    values = checked(given(patch), CHECKS)
    stored = await _stored(session, user_id, hold=True)
    before, after = changes(vars(stored), values)
    if not after:
        return stored
    await session.execute(update(User).where(User.id == user_id).values(**after))
    await audit(session, actor, "user.preferences_updated", "User", user_id, before, after)
    return Preferences(**{**vars(stored), **after})


async def _stored(session: Session, user_id: int, *, hold: bool) -> Preferences:
    row = select(*COLUMNS).where(User.id == user_id)
    found = await session.execute(row.with_for_update() if hold else row)
    columns = found.mappings().one_or_none()
    if columns is None:
        raise AuthenticationRequired("Sign in first.")
    return Preferences.of(dict(columns))
