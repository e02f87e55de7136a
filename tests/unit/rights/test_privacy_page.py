"""docs/protocols/privacy.md says what the code does."""

from __future__ import annotations

import json
import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

from privshare.ledger.rules import RULES
from privshare.rights.mechanism import Mechanism
from privshare.schemes.noise import closeness

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/protocols/privacy.md").read_text()


def test_the_example_runs_and_prints_what_the_page_says() -> None:
    """The mechanism of the page, its sentence and its document."""
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (document,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    printed, names = StringIO(), dict[str, Mechanism]()
    with redirect_stdout(printed):
        exec(compile(program, "privacy.md", "exec"), names)
    assert f"`{printed.getvalue().strip()}`" in PAGE
    assert json.loads(document) == names["asked"].to_json()
    assert Mechanism.from_json(json.loads(document)) == names["asked"]


def test_every_rule_and_kind_is_on_the_page() -> None:
    """What the code refuses by, and the kinds that owners send."""
    sources = [
        *(ROOT / "privshare/ledger").glob("*priva*.py"),
        ROOT / "privshare/ledger/rules_use.py",
    ]
    text = "".join(path.read_text() for path in sources)
    rules = set(re.findall(r'"(privacy\.[a-z]+)"', text))
    kinds = {kind for kind in RULES if kind.startswith("privacy.")}
    assert rules == {
        *("privacy.account", "privacy.answer", "privacy.budget"),
        *("privacy.charge", "privacy.differencing"),
    }
    assert not {name for name in rules | kinds if name not in PAGE}


def test_the_closeness_of_the_page() -> None:
    """Bits of τ for three variances."""
    for variance, bits in ((1, 10), (10, 136), (100, 1_396)):
        tau = closeness(variance, 2)
        assert (tau.denominator // tau.numerator).bit_length() - 1 == bits
