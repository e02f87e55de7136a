"""The binding of the samplers: its refusals, its counts, its source of bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from privshare.bindings import noise
from privshare.errors import NativeError, OutOfRange


@pytest.mark.parametrize(
    "call",
    [
        lambda: noise.laplace(0, 1, 1),
        lambda: noise.laplace(1, 0, 1),
        lambda: noise.laplace(-3, -1, 1),
        lambda: noise.laplace(1 << 60, 1 << 39, 1),
        lambda: noise.laplace((1 << 42) + 1, 1, 1),
        lambda: noise.polya((1 << 24) + 1, 1, 1),
        lambda: noise.gaussian(0, 1, 1),
        lambda: noise.gaussian(1, 0, 1),
        lambda: noise.gaussian(1 << 80, 1, 1),
        lambda: noise.gaussian(1 << 96, 1 << 31, 1),
        lambda: noise.bernoulli_exp(-1, 1, 1),
        lambda: noise.bernoulli_exp(1, 0, 1),
        lambda: noise.laplace(1, 1, -1),
        lambda: noise.polya(1, 1, noise.MAX_COUNT + 1),
        lambda: noise.gaussian(1, 1, noise.MAX_COUNT + 1),
    ],
)
def test_numbers_outside_are_refused(call: Callable[[], Any]) -> None:
    """Before anything is sampled, and before memory is asked for."""
    with pytest.raises(OutOfRange, match="expected"):
        call()


def test_edges_of_the_parameters_work() -> None:
    """The largest and the smallest of each."""
    assert len(noise.laplace(1 << 42, 1, 3)) == 3
    assert noise.laplace(1, (1 << 40) - 1, 3) == [0, 0, 0]
    assert len(noise.gaussian((1 << 80) - 1, 1, 3)) == 3
    assert noise.gaussian(1, (1 << 32) - 1, 3) == [0, 0, 0]
    assert len(noise.polya(1 << 20, 1, 3)) == 3
    assert noise.bernoulli_exp(0, 1, 3) == [1, 1, 1]
    assert noise.gaussian(1, 1, 0) == noise.polya(1, 1, 0) == []


def test_the_default_source_is_the_operating_system() -> None:
    """Two calls differ."""
    assert noise.gaussian(1 << 60, 1, 4) != noise.gaussian(1 << 60, 1, 4)


def test_a_source_that_gives_nothing_ends_in_an_error() -> None:
    """Never a loop without end, and never a sample without its bytes."""
    with pytest.raises(NativeError):
        noise.gaussian(100, 1, 5, lambda count: b"")
