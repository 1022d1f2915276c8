"""New user names and passwords: length counts, composition does not."""

import pytest

from whalefall.domain.passwords import COMMON, LONGEST, SHORTEST, check_password, check_username
from whalefall.errors import BadInput, Code


@pytest.mark.parametrize("password", ["correct horse", "x9!kQ27_", "ä" * 4 + "öüßé", "ab" * 64])
def test_a_password_of_any_signs_is_accepted(password: str) -> None:
    assert check_password(password, "ada") == password


@pytest.mark.parametrize(
    "password",
    ["", "short77", "ab" * 64 + "c", "password", "PassWord1", "zzzzzzzzzzzz", "ada.lovelace"],
)
def test_what_is_guessed_first_is_refused(password: str) -> None:
    with pytest.raises(BadInput) as caught:
        check_password(password, "Ada.Lovelace")

    assert caught.value.problem_code is Code.PASSWORD_INVALID
    assert caught.value.field == ("password",)


def test_the_list_holds_only_what_would_pass_otherwise() -> None:
    assert all(SHORTEST <= len(word) <= LONGEST and word == word.lower() for word in COMMON)


@pytest.mark.parametrize("name", ["a", "Ada.Lovelace@example-1_x", "x" * 64])
def test_a_user_name_has_letters_digits_and_a_few_signs(name: str) -> None:
    assert check_username(name) == name


@pytest.mark.parametrize("name", ["", " ada", "ada\n", "äda", "a b", "a/b", "x" * 65])
def test_other_user_names_are_refused(name: str) -> None:
    with pytest.raises(BadInput):
        check_username(name)
