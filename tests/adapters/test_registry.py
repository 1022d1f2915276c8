"""Which engines can be collected from."""

import pytest

from whalefall.adapters import ADAPTERS, adapter_for
from whalefall.domain.engines import ENGINES, Engine
from whalefall.errors import Unsupported


@pytest.mark.parametrize("engine", ADAPTERS)
def test_adapter_is_found_by_its_engine(engine: Engine) -> None:
    assert adapter_for(engine).engine == engine
    assert engine in ENGINES


@pytest.mark.parametrize("engine", sorted(ENGINES.keys() - ADAPTERS.keys()))
def test_engine_without_adapter_is_unsupported_by_its_label(engine: Engine) -> None:
    with pytest.raises(Unsupported) as caught:
        adapter_for(engine)

    assert ENGINES[engine].label in caught.value.message
