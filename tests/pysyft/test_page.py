"""docs/syft.md does what it says, block by block, between two agencies."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

import pytest

pytest.importorskip("syft_rds", reason="needs the extra privshare[syft]")

sys.path.append(str(Path(__file__).parents[1] / "journeys"))

import snippets
from agencies_kit import PURPOSE, Agencies, agencies, until
from snippets import Interpreter, Shell

import privshare
from privshare.rights.policy import Policy
from privshare.sdk import wallet

pytestmark = [pytest.mark.server, pytest.mark.once, pytest.mark.timeout(600)]

(PAGE,) = snippets.EXTRA


class AtOnce(Agencies):
    """Tax, which grants by rule what a page asks for."""

    def policy(self):  # type: ignore[no-untyped-def]
        (rule,) = super().policy()["rules"]
        made = {**rule, "automatic": True, "confirmations": 0, "purposes": [PURPOSE]}
        document = {**super().policy(), "rules": [made]}
        return Policy.from_json(document).to_json()


def test_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its commands and its Python, in order, in one folder."""
    with agencies(tmp_path / "net", at_nodes=True, kind=AtOnce) as both:
        both.prepare()
        both.start()
        until(lambda: "showed" in both.log(), both.log)
        environ = both.environment()
        home = Path(environ["PRIVSHARE_HOME"])
        analyst = wallet.load_profile("labour-analyst", home)
        default = wallet.Profile("default", analyst.url, analyst.key, analyst.trust)
        wallet.save_profile(default, home)
        told = {
            name: environ[name] for name in ("PRIVSHARE_HOME", "PRIVSHARE_PASSPHRASE")
        }
        for name, value in told.items():
            monkeypatch.setenv(name, value)
        place = tmp_path / "page"
        place.mkdir()
        monkeypatch.chdir(place)
        with (
            privshare.connect("default") as net,
            closing(Interpreter({"ps": privshare, "net": net})) as interpreter,
            Shell(place, told) as shell,
        ):
            for block in snippets.blocks(PAGE):
                if block.language == "python":
                    interpreter.run(block, block.text)
                elif block.language == "console":
                    for command in snippets.commands(block):
                        shell.run(command, command.text)
