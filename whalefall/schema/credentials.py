"""Credentials. A password goes in and never comes out."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from whalefall.auth import Permission
from whalefall.domain.paging import PageRequest
from whalefall.domain.states import CredentialType, DeletedFilter
from whalefall.resolvers.credentials import (
    CREDENTIALS,
    CredentialInput,
    CredentialPatch,
    CredentialRow,
    KeyUsage,
    create_credential,
    delete_credential,
    list_credential_keys,
    update_credential,
)
from whalefall.resolvers.instances import INSTANCES, InstanceFilter
from whalefall.resolvers.nouns.noun import Part
from whalefall.resolvers.nouns.queries import Listing
from whalefall.schema.context import Info
from whalefall.schema.cost import LIST_COST, LIST_SIZE, Size, capped, priced
from whalefall.schema.enums import ENGINE
from whalefall.schema.fields import LINK, linked
from whalefall.schema.ids import row_id
from whalefall.schema.instances import Instance
from whalefall.schema.nodes import Node, RowType, noun_type, row_type
from whalefall.schema.patches import absent, given
from whalefall.schema.problems import UserError, errors_field, mutation

USAGE = Part({"instance_count": "instance_count"})


def _users() -> Any:
    """The field with the instances that use a credential."""
    relation = CREDENTIALS.relations["instances"]

    async def resolve(
        root: Any,
        info: Info,
        first: Annotated[
            int | None, strawberry.argument(description="At most this many, up to 200.")
        ] = 20,
    ) -> list[Instance]:
        page = await info.context.loaders.page(relation, root.credential_id, _first(first))
        return [Instance.of(row) for row in page.rows]

    return linked(
        resolve,
        "The instances that use it, by name, recycle bin included.",
        relation,
        _first,
        price=priced(LIST_COST, capped("first", INSTANCES.max_page_size)),
    )


def _first(first: int | None = 20) -> Listing:
    return Listing(
        filter=InstanceFilter(deleted=DeletedFilter.INCLUDE), page=PageRequest(first=first)
    )


@strawberry.type(description="Who uses a credential.")
class CredentialUsage:
    credential_id: strawberry.Private[int]
    instance_count: int = strawberry.field(
        description="Instances that use it, those in the recycle bin included."
    )

    instances: list[Instance] = _users()


@noun_type(CREDENTIALS, private=("instance_count",))
class Credential(CredentialRow, Node):
    @strawberry.field(description="Who uses it.", metadata={LINK: USAGE})
    def usage(self) -> CredentialUsage:
        return CredentialUsage(credential_id=self.id, instance_count=self.instance_count)


NAME = "What people call it; unique. 1 to 100 characters."
PASSWORD = "The account's password; stored encrypted, never shown."  # noqa: S105 (a description)


@strawberry.input(description="A new credential.")
class CreateCredentialInput:
    name: str = strawberry.field(description=NAME)
    credential_type: CredentialType = strawberry.field(
        description="What it opens.", default=CredentialType.DATABASE
    )
    engine: ENGINE | None = strawberry.field(
        description="The only engine it is for; null: any.", default=None
    )
    username: str = strawberry.field(description="The account's name on the server.")
    password: str = strawberry.field(description=PASSWORD)
    description: str | None = strawberry.field(description="Free text.", default=None)
    is_active: bool = strawberry.field(description="Whether connections may use it.", default=True)


@strawberry.input(description="Changes to a credential; what is left out stays as it is.")
class UpdateCredentialInput:
    id: strawberry.ID = strawberry.field(description="The id of the credential.")
    expected_updated_at: datetime | None = absent(
        "Refuse with STALE_OBJECT if it has changed since this `updatedAt`."
    )
    name: str | None = absent(NAME)
    credential_type: CredentialType | None = absent("What it opens; in use, it stays DATABASE.")
    engine: ENGINE | None = absent("The only engine it is for; null: any.")
    username: str | None = absent("The account's name on the server.")
    password: str | None = absent(PASSWORD)
    description: str | None = absent("Free text; null clears it.")
    is_active: bool | None = absent("Whether connections may use it.")


@strawberry.input(description="Which credential to delete.")
class DeleteCredentialInput:
    id: strawberry.ID = strawberry.field(description="The id of the credential.")
    replace_with_id: strawberry.ID | None = strawberry.field(
        description="The credential that its instances use from now on; null: it must have none.",
        default=None,
    )


@row_type(KeyUsage, name="CredentialKey")
class CredentialKey(KeyUsage, RowType):
    pass


@strawberry.type
class CredentialQueries:
    @strawberry.field(
        description="The keys that encrypt passwords, the current one first; for administrators.",
        metadata=priced(LIST_COST, Size((), lambda: LIST_SIZE)),
    )
    async def credential_keys(self, info: Info) -> list[CredentialKey]:
        context = info.context
        context.actor.require(Permission.ADMIN)
        async with context.db.read() as session:
            rows = await list_credential_keys(session, context.actor, context.db.keys)
        return [CredentialKey.of(row) for row in rows]


@strawberry.type(description="The new credential, or why there is none.")
class CreateCredentialPayload:
    credential: Credential | None = strawberry.field(description="As stored.", default=None)
    errors: list[UserError] = errors_field()


@strawberry.type(description="The changed credential, or why it stayed as it was.")
class UpdateCredentialPayload:
    credential: Credential | None = strawberry.field(description="As it is now.", default=None)
    errors: list[UserError] = errors_field()


@strawberry.type(description="What was deleted, or why nothing was.")
class DeleteCredentialPayload:
    deleted_id: strawberry.ID | None = strawberry.field(
        description="The id of the credential that is gone.", default=None
    )
    moved_count: int | None = strawberry.field(
        description="Instances that use the other credential now; null when refused.", default=None
    )
    errors: list[UserError] = errors_field()


@strawberry.type
class CredentialMutations:
    @mutation("Add a credential.", needs=Permission.CREATE)
    async def create_credential(
        self, info: Info, input: CreateCredentialInput
    ) -> CreateCredentialPayload:
        db, actor = info.context.db, info.context.actor
        async with db.write() as session:
            row = await create_credential(session, actor, db.keys, CredentialInput(**vars(input)))
        return CreateCredentialPayload(credential=Credential.of(row))

    @mutation("Change a credential.", needs=Permission.UPDATE)
    async def update_credential(
        self, info: Info, input: UpdateCredentialInput
    ) -> UpdateCredentialPayload:
        db, actor, values = info.context.db, info.context.actor, given(input)
        credential_id = row_id(values.pop("id"), CREDENTIALS.name, field="id")
        expected = values.pop("expected_updated_at", None)
        async with db.write() as session:
            row = await update_credential(
                session,
                actor,
                db.keys,
                credential_id,
                CredentialPatch(**values),
                expected_updated_at=expected,
            )
        return UpdateCredentialPayload(credential=Credential.of(row))

    @mutation(
        "Delete a credential that no instance uses, or whose instances get another with it.",
        needs=Permission.DELETE,
    )
    async def delete_credential(
        self, info: Info, input: DeleteCredentialInput
    ) -> DeleteCredentialPayload:
        credential_id = row_id(input.id, CREDENTIALS.name, field="id")
        other_id = None
        if input.replace_with_id is not None:
            other_id = row_id(input.replace_with_id, CREDENTIALS.name, field="replace_with_id")
        async with info.context.db.write() as session:
            moved = await delete_credential(
                session, info.context.actor, credential_id, replace_with_id=other_id
            )
        return DeleteCredentialPayload(deleted_id=input.id, moved_count=moved)
