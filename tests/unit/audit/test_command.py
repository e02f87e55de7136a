"""The command: exit codes, where trust comes from, attachments, JSON, folders."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from privshare.audit.bundle import write_bundle
from privshare.audit.command import main

RECEIPTS = Path(__file__).parents[2] / "journeys" / "receipts"
AT = ["--at", "2026-11-22T12:00:00Z"]


@pytest.fixture(autouse=True)
def _no_trust_of_mine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PRIVSHARE_TRUST", raising=False)


def copy(to: Path, *names: str) -> Path:
    """Copy files beside each other, and return the first."""
    for name in names:
        shutil.copy(RECEIPTS / name, to / name)
    return to / names[0]


def test_a_valid_receipt_exits_0(capsys: pytest.CaptureFixture[str]) -> None:
    """The report begins with the verdict and ends with the policy's fingerprint."""
    assert main([str(RECEIPTS / "record.share.psr"), *AT]) == 0
    said = capsys.readouterr().out
    assert said.startswith("VALID  record.share")
    assert "What this does not prove:" in said
    assert "found beside the receipt" in said
    assert "SHA-256" in said


def test_without_a_policy_it_is_incomplete(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, and the report says how to give one."""
    file = copy(tmp_path, "ledger.entry.psr")
    assert main([str(file), *AT]) == 2
    assert "--trust FILE" in capsys.readouterr().out


def test_trust_comes_from_the_option_then_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Either names the file; a named file that is not there is no fallback."""
    file = copy(tmp_path, "ledger.entry.psr")
    policy = str(RECEIPTS / "trust.policy")
    assert main([str(file), *AT, "--trust", policy]) == 0
    monkeypatch.setenv("PRIVSHARE_TRUST", policy)
    assert main([str(file), *AT]) == 0
    monkeypatch.setenv("PRIVSHARE_TRUST", str(tmp_path / "none"))
    assert main([str(file), *AT]) == 2


def test_attachments_are_found_by_digest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The anchored file may have any name; a changed one is told."""
    file = copy(tmp_path, "anchor.psr", "anchor.file", "trust.policy")
    (tmp_path / "anchor.file").rename(tmp_path / "contract, signed.txt")
    assert main([str(file), *AT]) == 0
    (tmp_path / "contract, signed.txt").write_bytes(b"Another contract.\n")
    assert main([str(file), *AT]) == 2
    (tmp_path / "anchor.file").write_bytes(b"Another contract.\n")
    capsys.readouterr()
    assert main([str(file), *AT]) == 1
    assert "with SHA-256" in capsys.readouterr().out


def test_a_folder_takes_the_worst(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One invalid receipt among valid ones makes the exit code 1."""
    trial = ["--trial-roots", str(RECEIPTS / "trial-roots.json")]
    assert main([str(RECEIPTS), *AT, *trial]) == 0
    assert "25 receipts: 25 valid" in capsys.readouterr().out
    assert main([str(RECEIPTS), *AT]) == 1
    assert "22 valid, 3 invalid" in capsys.readouterr().out
    copy(tmp_path, "ledger.entry.psr", "job.abort.psr", "trust.policy")
    (tmp_path / "broken.psr").write_bytes(b"{}")
    assert main([str(tmp_path), *AT]) == 1
    assert "1 invalid" in capsys.readouterr().out


def test_json_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    """The verdict for programs has the nine steps and the facts."""
    files = [str(RECEIPTS / f"{name}.psr") for name in ("anchor", "job.result")]
    assert main([*files, *AT, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["outcome"] == "valid"
    assert [one["operation"] for one in said["verdicts"]] == ["anchor", "job.result"]
    assert [step["number"] for step in said["verdicts"][1]["steps"]] == list(
        range(1, 10)
    )
    assert said["verdicts"][0]["facts"]["account"] == "housing"
    assert main([*files, "no-such-file", *AT, "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["outcome"] == "incomplete"


def test_explain_shows_what_was_looked_at(capsys: pytest.CaptureFixture[str]) -> None:
    """Digests and keys stand under their steps."""
    assert main([str(RECEIPTS / "job.result.psr"), *AT, "--explain"]) == 0
    said = capsys.readouterr().out
    assert "signed by title with key" in said
    assert "Paillier key" in said


def test_a_second_opinion_agrees(capsys: pytest.CaptureFixture[str]) -> None:
    """Other code comes to the same tree, products and openings."""
    pytest.importorskip("phe")
    assert main([str(RECEIPTS / "job.result.psr"), *AT, "--second-opinion"]) == 0
    said = capsys.readouterr().out
    assert "A second SHA-256 agrees" in said
    assert "(phe) agrees on 3 totals" in said


def test_a_bundle_is_verified_receipt_by_receipt(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The policy inside serves, and its fingerprint is shown for comparison."""
    record = (RECEIPTS / "record.share.record.json").read_bytes()
    data = write_bundle(
        {
            "share": (
                (RECEIPTS / "record.share.psr").read_bytes(),
                {"record.json": record},
            ),
            "entry": ((RECEIPTS / "ledger.entry.psr").read_bytes(), {}),
        },
        (RECEIPTS / "trust.policy").read_bytes(),
    )
    (tmp_path / "all.zip").write_bytes(data)
    assert main([str(tmp_path / "all.zip"), *AT]) == 0
    assert "inside the bundle" in capsys.readouterr().out
    (tmp_path / "all.zip").write_bytes(data[:-40])
    assert main([str(tmp_path / "all.zip"), *AT]) == 2


def test_colour_is_for_terminals(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A terminal sees colour unless NO_COLOR says otherwise; a pipe never does."""
    file = str(RECEIPTS / "ledger.entry.psr")
    monkeypatch.delenv("NO_COLOR", raising=False)
    main([file, *AT])
    assert "\x1b[" not in capsys.readouterr().out
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    main([file, *AT])
    assert "\x1b[32mVALID\x1b[0m" in capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", "1")
    main([file, *AT])
    assert "\x1b[" not in capsys.readouterr().out


def test_what_cannot_be_read_exits_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A missing file or an empty folder is no verdict, and no traceback."""
    assert main([str(tmp_path / "none.psr")]) == 2
    assert main([str(tmp_path)]) == 2
    assert "privshare verify:" in capsys.readouterr().err


@pytest.mark.parametrize(
    "moment", ["1795348800", "2026-11-22T12:00:00Z", "2026-11-22T20:00:00+08:00"]
)
def test_the_time_may_be_written_both_ways(moment: str) -> None:
    """Seconds or RFC 3339, with any offset."""
    assert main([str(RECEIPTS / "ledger.entry.psr"), "--at", moment]) == 0


def test_a_receipt_from_the_future_is_incomplete() -> None:
    """Asked about a time before the cosignatures, nobody vouches for it."""
    file = str(RECEIPTS / "ledger.entry.psr")
    assert main([file, "--at", "2025-01-01T00:00:00Z"]) == 2
