"""Secrets at rest: what is kept can be read back only from its own row, with its own key."""

import threading
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from whalefall.crypto import (
    KeyRing,
    check_password,
    generate_key_line,
    hash_password,
    load_or_create_key_file,
    masked,
    new_token,
    same_text,
    token_digest,
    unmasked,
)
from whalefall.errors import Code, Problem
from whalefall.settings import SettingsError

KEY = "A" * 43 + "="


@pytest.fixture
def ring() -> KeyRing:
    return KeyRing.from_text(generate_key_line())


@pytest.mark.parametrize("password", ["pässwörd", "x", " ", "🐋" * 50, "a\nb"])
def test_what_was_encrypted_can_be_read_back(ring: KeyRing, password: str) -> None:
    key_id, ciphertext = ring.encrypt(password, 7)

    assert ring.decrypt(key_id, ciphertext, 7) == password


def test_the_same_password_never_looks_the_same(ring: KeyRing) -> None:
    assert ring.encrypt("secret", 7) != ring.encrypt("secret", 7)


def test_ciphertext_moved_to_another_row_is_refused(ring: KeyRing) -> None:
    key_id, ciphertext = ring.encrypt("secret", 7)

    assert _code(ring, key_id, ciphertext, 8) is Code.CREDENTIAL_DECRYPT_FAILED


def test_every_flipped_byte_is_noticed(ring: KeyRing) -> None:
    key_id, ciphertext = ring.encrypt("secret", 7)

    for place in range(len(ciphertext)):
        tampered = bytearray(ciphertext)
        tampered[place] ^= 1
        assert _code(ring, key_id, bytes(tampered), 7) is Code.CREDENTIAL_DECRYPT_FAILED


@pytest.mark.parametrize("ciphertext", [b"", b"short", b"x" * 12, b"x" * 28])
def test_garbage_is_refused(ring: KeyRing, ciphertext: bytes) -> None:
    assert _code(ring, ring.current_id, ciphertext, 7) is Code.CREDENTIAL_DECRYPT_FAILED


def test_an_empty_password_never_comes_out(ring: KeyRing) -> None:
    key_id, ciphertext = ring.encrypt("", 7)

    assert _code(ring, key_id, ciphertext, 7) is Code.CREDENTIAL_DECRYPT_FAILED


def test_a_lost_key_is_told_without_its_text(ring: KeyRing) -> None:
    _, ciphertext = ring.encrypt("secret", 7)

    with pytest.raises(Problem) as caught:
        ring.decrypt("gone", ciphertext, 7)

    assert caught.value.problem_code is Code.CREDENTIAL_DECRYPT_FAILED
    assert "secret" not in f"{caught.value.message}{caught.value.hint}"


def test_old_keys_still_read_and_the_first_one_writes() -> None:
    old, new = generate_key_line(), generate_key_line()
    key_id, ciphertext = KeyRing.from_text(old).encrypt("secret", 7)
    rotated = KeyRing.from_text(f"{new}, {old}")

    assert rotated.decrypt(key_id, ciphertext, 7) == "secret"
    assert rotated.encrypt("secret", 7)[0] == new.partition(":")[0]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " , ",
        KEY,
        f":{KEY}",
        "a:",
        "a:not base64!",
        "a:c2hvcnQ=",
        f"a:{KEY},a:{KEY}",
        f"ä:{KEY}",
    ],
)
def test_unusable_keys_are_refused_by_name_without_being_shown(text: str) -> None:
    with pytest.raises(SettingsError, match="WHALEFALL_SECRET_KEYS") as caught:
        KeyRing.from_text(text)

    assert KEY not in str(caught.value)


def test_a_ring_does_not_show_its_keys(ring: KeyRing) -> None:
    assert repr(ring) == "KeyRing()"


def test_a_key_is_derived_from_the_first_one_or_from_the_named_one() -> None:
    new, old = generate_key_line(), generate_key_line()
    ring, old_id = KeyRing.from_text(f"{new},{old}"), old.partition(":")[0]

    assert ring.derive("csrf") == KeyRing.from_text(new).derive("csrf")
    assert ring.derive("csrf", key_id=old_id) == KeyRing.from_text(old).derive("csrf")
    with pytest.raises(KeyError):
        ring.derive("csrf", key_id="")


def test_derived_keys_differ_by_purpose_and_by_ring(ring: KeyRing) -> None:
    other = KeyRing.from_text(generate_key_line())

    assert ring.derive("csrf") == ring.derive("csrf")
    assert len({ring.derive("csrf"), ring.derive("cookie"), other.derive("csrf")}) == 3
    assert len(ring.derive("csrf", 64)) == 64
    assert ring.derive("csrf") not in ring.keys.values()


def test_a_key_file_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "state" / "keys"

    first = load_or_create_key_file(path)

    assert load_or_create_key_file(path) == first
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_starters_that_race_agree_on_one_key_file(tmp_path: Path) -> None:
    seen: list[str] = []
    starters = [
        threading.Thread(target=lambda: seen.append(load_or_create_key_file(tmp_path / "keys")))
        for _ in range(8)
    ]

    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join()

    assert len(seen) == 8
    assert len(set(seen)) == 1


def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    load_or_create_key_file(path)
    path.chmod(0o640)

    with pytest.raises(SettingsError, match="600"):
        load_or_create_key_file(path)


async def test_a_password_fits_its_own_hash_only() -> None:
    stored = await hash_password("correct horse")

    assert stored.startswith("$argon2id$")
    assert await check_password(stored, "correct horse")
    assert not await check_password(stored, "correct house")
    assert not await check_password("no hash", "correct horse")
    assert not await check_password(None, "correct horse")


async def test_accents_fit_however_they_were_composed() -> None:
    assert await check_password(await hash_password("p\u00e4ssword"), "pa\u0308ssword")


async def test_half_a_surrogate_pair_is_a_password_like_any() -> None:
    assert not await check_password(await hash_password("whatever else"), "\ud800")


async def test_without_a_hash_one_is_computed_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    computed: list[str] = []
    verify = PasswordHasher.verify

    def counted(self: PasswordHasher, stored: str, password: bytes) -> bool:
        computed.append(stored)
        return verify(self, stored, password)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    stored = await hash_password("correct horse")

    await check_password(stored, "wrong")
    await check_password(None, "wrong")

    assert len(computed) == 2
    assert computed[0].rsplit("$", 2)[0] == computed[1].rsplit("$", 2)[0]  # the same parameters


def test_tokens_are_long_and_stored_as_digests() -> None:
    token = new_token()

    assert len(token) >= 43
    assert token != new_token()
    assert len(token_digest(token)) == 32
    assert same_text(token, token)
    assert not same_text(token, "\ud800")


def _code(ring: KeyRing, key_id: str, ciphertext: bytes, row_id: int) -> Code:
    with pytest.raises(Problem) as caught:
        ring.decrypt(key_id, ciphertext, row_id)
    return caught.value.problem_code


@pytest.mark.parametrize("secret", ["x7_-" * 11, "größer", ""])
def test_a_masked_secret_looks_different_each_time_and_can_be_unmasked(secret: str) -> None:
    one, other = masked(secret), masked(secret)

    assert unmasked(one) == unmasked(other) == secret == unmasked(secret)
    assert not secret or one != other


@pytest.mark.parametrize("text", ["~", "~x", "~abcd", "~ä", "~" + "A" * 5])
def test_what_no_mask_of_ours_is_hides_nothing(text: str) -> None:
    assert unmasked(text) in ("", "\0")
