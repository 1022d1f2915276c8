"""GraphQL over WebSockets, by the protocol graphql-transport-ws.

`endpoint` accepts connections, `connection` speaks the protocol, `operations` runs what is asked,
`messages` are what is said, `crowd` bounds how many there are.
"""

from whalefall.schema.websocket.endpoint import GraphQLSocket

__all__ = ["GraphQLSocket"]
