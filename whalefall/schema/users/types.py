"""People and the API tokens by which programs call in their name."""

import strawberry

from whalefall.resolvers.nouns.noun import Elsewhere
from whalefall.resolvers.users import API_TOKENS, USERS, ApiTokenRow, UserRow
from whalefall.schema.fields import LINK, to_one
from whalefall.schema.nodes import Node, noun_type


@noun_type(USERS)
class User(UserRow, Node):
    csrf: strawberry.Private[str | None] = None

    @strawberry.field(
        description="Sent as X-CSRFToken with every write by cookie; null but on `me`.",
        metadata={LINK: Elsewhere.NULL},
    )
    def csrf_token(self) -> str | None:
        return self.csrf


@noun_type(API_TOKENS, private=("user_id",))
class ApiToken(ApiTokenRow, Node):
    user: User = to_one(API_TOKENS, "user", "In whose name it calls.")
