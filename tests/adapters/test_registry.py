"""Which engines can be collected from: all that can be registered."""

import pytest

from whalefall.adapters import ADAPTERS, adapter_for
from whalefall.domain.engines import ENGINES, Engine, EngineKind
from whalefall.errors import Unsupported


def test_every_engine_has_an_adapter() -> None:
    assert ADAPTERS.keys() == ENGINES.keys()


@pytest.mark.parametrize("engine", sorted(ADAPTERS))
def test_adapter_is_found_by_its_engine(engine: Engine) -> None:
    assert adapter_for(engine).engine == engine


def test_engine_without_adapter_is_unsupported_by_its_label(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kind = EngineKind(label="Some Other", badge="SO", default_port=1, default_database="")
    monkeypatch.setitem(ENGINES, Engine("OTHER"), kind)

    with pytest.raises(Unsupported) as caught:
        adapter_for(Engine("OTHER"))

    assert "Some Other" in caught.value.message
