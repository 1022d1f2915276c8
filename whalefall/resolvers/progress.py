"""How long work tells how far it is."""

from collections.abc import Awaitable, Callable

# Takes the stage in English and the part that is done, 0 to 1.
Report = Callable[[str, float], Awaitable[None]]
