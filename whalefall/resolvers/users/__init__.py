"""Users: who they are (people), how they sign in (signing_in), how a request is known (actors).

Programs: access_tokens and refreshing for a sign-in, api_tokens without one; revoking ends all.
"""

from whalefall.resolvers.users.actors import (
    actor_of_session,
    actor_of_token,
    csrf_token_of,
    reader_of_session,
)
from whalefall.resolvers.users.administering import (
    UserPatch,
    UserTraces,
    delete_user,
    get_user_traces,
    reset_password,
    update_user,
)
from whalefall.resolvers.users.api_tokens import (
    API_TOKENS,
    ApiTokenFilter,
    ApiTokenInput,
    ApiTokenOrderField,
    ApiTokenRow,
    NewApiToken,
    create_api_token,
    create_own_api_token,
    get_own_api_token,
    list_own_api_tokens,
    revoke_api_token,
)
from whalefall.resolvers.users.own_sessions import (
    USER_SESSIONS,
    UserSessionFilter,
    UserSessionOrderField,
    UserSessionRow,
    list_own_sessions,
    revoke_other_sessions,
    revoke_session,
)
from whalefall.resolvers.users.passwords import change_password
from whalefall.resolvers.users.people import (
    AUTHORS,
    PEOPLE,
    USERS,
    UserFilter,
    UserOrderField,
    UserRow,
    count_users,
    create_user,
    get_me,
    get_user,
    list_user_options,
    list_users,
)
from whalefall.resolvers.users.preferences import (
    PreferencesPatch,
    get_preferences,
    update_preferences,
)
from whalefall.resolvers.users.refreshing import Tokens, issue_tokens, refresh_access_token
from whalefall.resolvers.users.revoking import revoke_all
from whalefall.resolvers.users.saved_views import (
    LISTS,
    SavedViewRow,
    delete_saved_view,
    list_of,
    list_saved_views,
    save_view,
)
from whalefall.resolvers.users.signing_in import (
    SignedIn,
    forget_ended_sessions,
    sign_in,
    sign_out,
)
from whalefall.resolvers.users.throttle import TooManyAttempts

__all__ = [
    "API_TOKENS",
    "AUTHORS",
    "LISTS",
    "PEOPLE",
    "USERS",
    "USER_SESSIONS",
    "ApiTokenFilter",
    "ApiTokenInput",
    "ApiTokenOrderField",
    "ApiTokenRow",
    "NewApiToken",
    "PreferencesPatch",
    "SavedViewRow",
    "SignedIn",
    "Tokens",
    "TooManyAttempts",
    "UserFilter",
    "UserOrderField",
    "UserPatch",
    "UserRow",
    "UserSessionFilter",
    "UserSessionOrderField",
    "UserSessionRow",
    "UserTraces",
    "actor_of_session",
    "actor_of_token",
    "change_password",
    "count_users",
    "create_api_token",
    "create_own_api_token",
    "create_user",
    "csrf_token_of",
    "delete_saved_view",
    "delete_user",
    "forget_ended_sessions",
    "get_me",
    "get_own_api_token",
    "get_preferences",
    "get_user",
    "get_user_traces",
    "issue_tokens",
    "list_of",
    "list_own_api_tokens",
    "list_own_sessions",
    "list_saved_views",
    "list_user_options",
    "list_users",
    "reader_of_session",
    "refresh_access_token",
    "reset_password",
    "revoke_all",
    "revoke_api_token",
    "revoke_other_sessions",
    "revoke_session",
    "save_view",
    "sign_in",
    "sign_out",
    "update_preferences",
    "update_user",
]
