"""The benchmarks' own command line."""

import pytest

from benchmarks.__main__ import main


@pytest.mark.parametrize(
    "arguments", [["guesses"], ["ledger", "guesses"], ["--servers", "whalefall,oracle"]]
)
def test_unknown_names_are_refused_with_those_that_exist(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2
    assert "there are " in capsys.readouterr().err
