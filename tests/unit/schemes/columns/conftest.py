"""Keys that all tests of columns share: made once a session."""

from __future__ import annotations

import pytest

from privshare.schemes.paillier import PaillierPrivateKey, PaillierPublicKey


@pytest.fixture(scope="session")
def private() -> PaillierPrivateKey:
    return PaillierPrivateKey.generate(2048)


@pytest.fixture(scope="session")
def public(private: PaillierPrivateKey) -> PaillierPublicKey:
    return private.public


@pytest.fixture(scope="session")
def other() -> PaillierPrivateKey:
    """Somebody else's key."""
    return PaillierPrivateKey.generate(2048)
