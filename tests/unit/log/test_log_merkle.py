"""Proofs of small trees, all at once."""

import pytest

from privshare.errors import OutOfRange
from privshare.log import merkle


@pytest.mark.parametrize("count", [*range(1, 35), 255, 256, 257])
def test_all_proofs_equal_each(count: int) -> None:
    """`inclusion_proofs` gives what `inclusion_proof` gives leaf by leaf."""
    leaves = merkle.leaf_hashes([b"%d" % i for i in range(count)])
    each = [tuple(merkle.inclusion_proof(leaves, i)) for i in range(count)]
    assert merkle.inclusion_proofs(leaves) == each


def test_a_tree_without_leaves_has_no_proofs() -> None:
    """An empty tree is refused."""
    with pytest.raises(OutOfRange):
        merkle.inclusion_proofs(b"")
