"""Every fenced block of the documentation does what the page says."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import snippets
from snippets import NOT_CODE, RUN, Interpreter, Shell, SnippetError

import privshare
from privshare.demo.cluster import Cluster
from privshare.demo.scene import PURPOSE, Scene, made_up
from privshare.rights.policy import Permission, Policy
from privshare.sdk import wallet

ROWS = 180
PASSPHRASE = "..."  # as the pages write one

#: Where the pages say that nodes are; the demonstration's first choice.
PAGE_PORTS = range(7100, 7104)

PEOPLE = {
    "title": ("title", "steward"),
    "tax": ("tax", "steward"),
    "housing": ("housing", "analyst"),
    "default": ("housing", "analyst"),
}

PAGES = snippets.pages()


class Live:
    """A running network, as the pages take it for granted."""

    def __init__(self, cluster: Cluster, scene: Scene) -> None:
        self.cluster = cluster
        self.scene = scene
        members = cluster.members.values()
        self.ports = dict(zip(PAGE_PORTS, (m.port for m in members), strict=True))

    def furnish(self, folder: Path) -> dict[str, str]:
        """Lay out the files that pages name.

        Returns:
            What a page's environment has besides.
        """
        for name, (agency, role) in PEOPLE.items():
            member = self.cluster.members[agency]
            profile = wallet.Profile(
                name, member.url, member.people[role], self.cluster.trust
            )
            wallet.save_profile(profile, folder / "home")
        ana = self.cluster.members["housing"].people["analyst"]
        for suffix in ("", wallet.PUBLIC_SUFFIX):
            copy = folder / f"ana.key{suffix}"
            copy.write_bytes(ana.with_name(ana.name + suffix).read_bytes())
            copy.chmod(0o600)
        (folder / "trust.policy").write_text(self.cluster.trust, encoding="utf-8")
        for bureau in self.scene.bureaus:
            (folder / f"{bureau.dataset}.csv").write_bytes(bureau.data)
        return {
            "PRIVSHARE_HOME": str(folder / "home"),
            "PRIVSHARE_PASSPHRASE": PASSPHRASE,
        }


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Title, housing and tax with a published table each; tax grants by rule."""
    scene = made_up(ROWS)
    folder = tmp_path_factory.mktemp("live") / "nodes"
    agencies = [bureau.agency for bureau in scene.bureaus]
    with Cluster(folder, agencies, PASSPHRASE) as cluster:
        cluster.build([*dict.fromkeys(PEOPLE.values()), ("housing", "steward")])
        cluster.start()
        for bureau in scene.bureaus:
            policy = Policy.from_json(scene.policy(bureau))
            rules = tuple(
                replace(rule, automatic=True, confirmations=0)
                for rule in policy.rules
                if isinstance(rule, Permission)
            )
            with cluster.connect(bureau.agency, "steward") as steward:
                steward.publish(
                    bureau.data,
                    bureau.dataset,
                    title=bureau.title,
                    key=bureau.key,
                    policy=Policy(bureau.name, rules).to_json(),
                )
        with cluster.connect("housing", "analyst") as net:
            right = net[scene.total.bureau.name].request(
                purpose=PURPOSE,
                columns=[scene.total.column],
                by=[scene.total.by],
                uses=20,
            )
            right.wait(60)
        yield Live(cluster, scene)


@pytest.mark.parametrize("page", PAGES)
def test_blocks_say_what_they_are(page: str) -> None:
    """Each block names a language; JSON that is not shortened can be read."""
    for block in snippets.blocks(page):
        assert block.language in RUN | NOT_CODE, f"{block}: {block.language!r}"
        if block.language == "json":
            try:
                snippets.documents(block)
            except ValueError as error:
                raise AssertionError(f"{block}: {error}") from None


@pytest.mark.parametrize("page", [*PAGES, "examples/README.md"])
def test_links_lead_somewhere(page: str) -> None:
    """A link to a file of ours finds it; one to a heading finds the heading."""
    folder = (snippets.REPOSITORY / page).parent
    for target in snippets.links(page):
        name, _, anchor = target.partition("#")
        path = folder / name if name else snippets.REPOSITORY / page
        assert path.exists(), f"{page}: {target}"
        if anchor:
            assert anchor in snippets.headings(path), f"{page}: {target}"


def test_every_page_is_on_the_map() -> None:
    """docs/README.md leads to each page; decisions have a list of their own."""
    told = {
        (snippets.REPOSITORY / "docs" / target.partition("#")[0]).resolve()
        for target in snippets.links("docs/README.md")
    }
    for page in PAGES:
        path = snippets.REPOSITORY / page
        if path.is_relative_to(snippets.REPOSITORY / "docs/adr"):
            continue
        if (
            path.is_relative_to(snippets.REPOSITORY / "docs")
            and path.name != "README.md"
        ):
            assert path in told, f"docs/README.md does not name {page}"


def _runs(page: str) -> list[snippets.Block]:
    return [block for block in snippets.blocks(page) if block.language in RUN]


@pytest.mark.server
@pytest.mark.parametrize(
    "page", [page for page in PAGES if _runs(page) and page not in snippets.EXTRA]
)
def test_a_page_runs(
    page: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    """All commands and all Python of a page, in order, in one folder."""
    found = _runs(page)
    environ = {"PRIVSHARE_HOME": str(tmp_path / "home")}
    names: dict[str, object] = {"ps": privshare}
    if any("privshare node init" in block.text for block in found):
        ports = _free(snippets.ports(found))  # it founds a network of its own
    else:
        network: Live = request.getfixturevalue("live")
        environ |= network.furnish(tmp_path)
        ports = network.ports
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    with ExitStack() as stack:
        shell = stack.enter_context(Shell(tmp_path, environ))
        if "default" in wallet.profiles(tmp_path / "home"):
            names["net"] = stack.enter_context(privshare.connect("default"))
        interpreter = stack.enter_context(closing(Interpreter(names)))
        for block in found:
            if block.language == "python":
                interpreter.run(block, snippets.with_ports(block.text, ports))
                continue
            for command in snippets.commands(block):
                shell.run(command, snippets.with_ports(command.text, ports))


def _free(wanted: list[int]) -> dict[int, int]:
    """The ports that a page names, and others in the place of busy ones."""
    found: dict[int, int] = {}
    probes: list[socket.socket] = []
    for port in wanted:
        probe = socket.socket()
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        probes.append(probe)
        found[port] = probe.getsockname()[1]
    for probe in probes:
        probe.close()
    return found


def _command(text: str, sample: list[str], code: int = 0) -> snippets.Command:
    return snippets.Command("page:1", text, code, sample)


def test_a_page_that_lies_is_found_out(tmp_path: Path) -> None:
    """Another exit code, another output and an unknown command each fail."""
    with Shell(tmp_path, {}) as shell:
        shell.run(_command("", ["ok  done"]), "WORD=ok; echo $WORD")
        assert shell.run(_command("", []), "echo $WORD") == "ok\n"
        shell.run(_command("", [], 3), "(exit 3)")
        for text, sample in (
            ("false", []),
            ("no-such-command", []),
            ("echo something", ["else"]),
            ("exit 0", []),
        ):
            with pytest.raises(SnippetError):
                shell.run(_command(text, sample), text)


def test_what_a_page_starts_ends_with_it(tmp_path: Path) -> None:
    """A process in the background is gone when the page is."""
    with Shell(tmp_path, {}) as shell:
        said = shell.run(_command("", []), "sleep 600 & echo $!")
        assert Path(f"/proc/{int(said)}").exists()
    assert not Path(f"/proc/{int(said)}").exists()


def test_commands_are_told_from_their_output() -> None:
    """Here-documents and continued lines belong to the command above them."""
    block = snippets.Block(
        "page",
        10,
        "console",
        "$ cat <<'END' > f\na,b\nEND\n$ one \\\n  two # exit 2\nerror  Such\n",
    )
    first, second = snippets.commands(block)
    assert first.text == "cat <<'END' > f\na,b\nEND"
    assert (second.text, second.exit) == ("one \\\n  two", 2)
    assert second.sample == ["error  Such"]
    assert (first.where, second.where) == ("page:10", "page:13")


def test_python_blocks_share_names_and_await() -> None:
    """What one block names the next one has, whichever loop it needs."""
    box = SimpleNamespace(value=0)
    interpreter = Interpreter({"box": box})
    first = "import asyncio\nawait asyncio.sleep(0)\nnumber = 20\n"
    for text in (first, "box.value = number + 1\n"):
        block = snippets.Block("page", 1, "python", text)
        interpreter.run(block, block.text)
    interpreter.close()
    assert box.value == 21
