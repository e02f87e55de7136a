"""Next steps that can be copied, and values that are shown whole."""

from __future__ import annotations

import pytest

from privshare.cli.connection import hint
from privshare.sdk.table import MAX_VALUE, Table


def test_a_next_step_speaks_to_the_same_node(monkeypatch: pytest.MonkeyPatch) -> None:
    """The profile is repeated unless it is the one that would be taken anyway."""
    monkeypatch.delenv("PRIVSHARE_PROFILE", raising=False)
    assert hint("privshare job list", "default") == "privshare job list"
    assert hint("privshare job list", "ana") == "privshare job list --profile ana"
    monkeypatch.setenv("PRIVSHARE_PROFILE", "ana")
    assert hint("privshare job list", "ana") == "privshare job list"
    assert (
        hint("privshare job list", "default") == "privshare job list --profile default"
    )


def test_a_profile_goes_before_the_dashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands behind `--` is no option any more."""
    monkeypatch.delenv("PRIVSHARE_PROFILE", raising=False)
    said = hint("privshare job show -- -abc", "ana")
    assert said == "privshare job show --profile ana -- -abc"


def test_a_reason_is_shown_whole() -> None:
    """A table cuts long cells, a list of values does not."""
    reason = 'No rule permits these terms; "totals" would with purpose: ' + "e" * 40
    rows = (("reason", reason),)
    assert reason not in str(Table(("field", "value"), rows))
    assert reason in str(Table(("field", "value"), rows, cut=MAX_VALUE))
