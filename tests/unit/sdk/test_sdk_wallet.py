"""Key files and profiles: written once, readable by their owner alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from privshare.errors import (
    ConfigError,
    Conflict,
    EncodingError,
    NotFound,
    OutOfRange,
    VerificationError,
)
from privshare.sdk import wallet
from privshare.sdk.wallet import Profile


def test_a_key_opens_with_its_passphrase_alone(tmp_path: Path) -> None:
    """What was created opens again, and not with another passphrase."""
    path = tmp_path / "ana.key"
    public = wallet.create_key(path, "correct horse")
    assert public == wallet.open_key(path, "correct horse").verify_key
    assert (
        public == wallet.public_key(path) == wallet.public_key(tmp_path / "ana.key.pub")
    )
    with pytest.raises(VerificationError):
        wallet.open_key(path, "wrong")
    with pytest.raises(OutOfRange):
        wallet.open_key(path, "")


def test_a_key_file_is_private(tmp_path: Path) -> None:
    """The file is made with mode 600, and another mode is refused."""
    path = tmp_path / "ana.key"
    wallet.create_key(path, "p")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    os.chmod(path, 0o640)
    with pytest.raises(ConfigError, match="640") as caught:
        wallet.open_key(path, "p")
    assert f"chmod 600 {path}" == caught.value.fix


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    """A second key under the same name is a conflict, and the first stays."""
    path = tmp_path / "ana.key"
    first = wallet.create_key(path, "p")
    with pytest.raises(Conflict):
        wallet.create_key(path, "p")
    assert first == wallet.open_key(path, "p").verify_key
    with pytest.raises(ConfigError):
        wallet.create_key(tmp_path / "b.key", "")


def test_rotation_puts_the_old_key_aside(tmp_path: Path) -> None:
    """The new key takes the name; the old one stays readable beside it."""
    path = tmp_path / "ana.key"
    old = wallet.create_key(path, "old")
    with pytest.raises(VerificationError):
        wallet.rotate_key(path, "new", "guess")
    new = wallet.rotate_key(path, "new", "old")
    assert old != new
    assert new == wallet.open_key(path, "new").verify_key == wallet.public_key(path)
    aside = tmp_path / f"ana.key.{old.kid[:8]}"
    assert old == wallet.open_key(aside, "old").verify_key
    assert old == wallet.public_key(aside)


def test_a_public_file_must_be_true(tmp_path: Path) -> None:
    """A kid that is not the key's is refused."""
    path = tmp_path / "ana.key"
    wallet.create_key(path, "p")
    other = tmp_path / "bo.key"
    wallet.create_key(other, "p")
    mixed = wallet.encode_public(wallet.public_key(path)).replace(
        wallet.public_key(path).kid.encode(), wallet.public_key(other).kid.encode()
    )
    with pytest.raises(EncodingError):
        wallet.decode_public(mixed)
    with pytest.raises(NotFound):
        wallet.public_key(tmp_path / "none.key")


def test_profiles_come_back_as_they_were(tmp_path: Path) -> None:
    """What was saved is loaded, with odd characters in paths."""
    key = tmp_path / 'my "keys"' / "ä.key"
    profile = Profile("tax", "http://127.0.0.1:7103", key, "log x\nquorum none\n")
    wallet.save_profile(profile, tmp_path)
    assert profile == wallet.load_profile("tax", tmp_path)
    replaced = Profile("tax", "https://tax.example", None, "")
    wallet.save_profile(replaced, tmp_path)
    assert wallet.load_profile("tax", tmp_path).url == "https://tax.example"
    assert wallet.profiles(tmp_path) == ["tax"]
    wallet.remove_profile("tax", tmp_path)
    assert wallet.profiles(tmp_path) == []
    with pytest.raises(NotFound):
        wallet.load_profile("tax", tmp_path)
    with pytest.raises(NotFound):
        wallet.remove_profile("tax", tmp_path)


@pytest.mark.parametrize("name", ["", "..", "a/b", "Tax", "-x", "a" * 33, "a\n"])
def test_names_of_profiles_stay_in_their_folder(tmp_path: Path, name: str) -> None:
    """A name that is no plain word is refused before a path is made of it."""
    with pytest.raises(ConfigError):
        wallet.load_profile(name, tmp_path)


@pytest.mark.parametrize(
    "text", ["url = 3", "key = 'x'", "url = 'a'\nx = 'b'", "\xff", "["]
)
def test_a_broken_profile_is_named(tmp_path: Path, text: str) -> None:
    """A profile of another form says so, with its path."""
    (tmp_path / "profiles").mkdir()
    path = tmp_path / "profiles" / "x.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError, match=r"x\.toml"):
        wallet.load_profile("x", tmp_path)


def test_control_characters_do_not_enter_a_profile(tmp_path: Path) -> None:
    """A URL with a line break would be a second setting."""
    with pytest.raises(ConfigError):
        wallet.save_profile(Profile("x", 'http://x\nkey = "y'), tmp_path)


def test_home_follows_the_environment(tmp_path: Path) -> None:
    """PRIVSHARE_HOME, else the user's own folder."""
    assert tmp_path == wallet.home({"PRIVSHARE_HOME": str(tmp_path)})
    assert wallet.home({}).parent.name == ".config"
