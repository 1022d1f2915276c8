import pytest

for module in ("browsing", "person", "reading", "refreshing"):
    pytest.register_assert_rewrite(f"{__name__}.{module}")
