"""One line of the product written wrong, in this process only, and for as long as a test runs."""

import importlib
import inspect
import sys
from dataclasses import dataclass
from types import CodeType

import pytest


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """`right` stands in `module` once; `wrong` is written in its place."""

    name: str
    module: str
    right: str
    wrong: str

    def code(self) -> CodeType:
        source = inspect.getsource(importlib.import_module(self.module))
        assert source.count(self.right) == 1, f"{self.module} no longer has {self.right!r} once"
        return compile(source.replace(self.right, self.wrong), self.module, "exec")


def let_live(mutant: Mutant, patch: pytest.MonkeyPatch) -> None:
    """Whoever uses a function or a class of the module uses the mutant's from now on."""
    module = importlib.import_module(mutant.module)
    mutated = {"__name__": mutant.module, "__file__": module.__file__}
    exec(mutant.code(), mutated)
    for name, right in list(vars(module).items()):
        if getattr(right, "__module__", None) != mutant.module or not callable(right):
            continue
        for user in [one for key, one in sys.modules.items() if key.startswith("whalefall")]:
            for place, value in list(vars(user).items()):
                if value is right:
                    patch.setattr(user, place, mutated[name])
