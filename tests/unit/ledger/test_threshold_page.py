"""The page docs/formats/threshold.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ledger_kit import Bench
from test_threshold_rules import accept, deal
from threshold_kit import dealt

from privshare.errors import VerificationError
from privshare.ledger.sealed_share import SealedShare, read_file
from privshare.ledger.shared_key import SharedKey
from privshare.schemes.keys import SealKey
from privshare.wire.canonical import encode

PAGE = (Path(__file__).parents[3] / "docs/formats/threshold.md").read_text()


def example() -> SealedShare:
    """The file of the page."""
    found = re.search(r"```json\n(.*)\n```", PAGE)
    assert found is not None
    file = read_file(found[1].encode())
    assert isinstance(file, SealedShare)
    assert encode(file.to_json()) == found[1].encode()
    return file


def test_the_example_opens() -> None:
    """With the seed that the page gives, and with no other."""
    share = example().open([SealKey.from_seed(bytes(range(32)))])
    assert (share.index, share.key) == (3, example().key)
    assert example().agency == "tax"
    with pytest.raises(VerificationError):
        example().open([SealKey.from_seed(bytes(32))])


def test_every_rule_and_field_is_described() -> None:
    """Rules by name; fields of values and files."""
    source = Path(__file__).parents[3] / "privshare/ledger/rules_threshold.py"
    for rule in re.findall(r'"(threshold\.[a-z]+)"', source.read_text()):
        assert f"| `{rule}` |" in PAGE
    bench = Bench()
    bench.admit_all()
    deal(bench)
    accept(bench, "taxes")
    value = bench.state("threshold/1")
    assert SharedKey.from_json(1, value).to_json() == value
    for name in (*value, *value["holders"][0], *dealt()[0].to_json()):
        assert f"`{name}`" in PAGE
    for name in example().to_json():
        assert f"`{name}`" in PAGE
