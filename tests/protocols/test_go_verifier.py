"""A log that our code writes, read by an implementation that shares nothing.

`go/verify.go` uses golang.org/x/mod, the origin of these formats: it checks
the checkpoint's note, the tiles, the entries and the proofs, and prints the
proofs it made, which must be ours. Skipped, saying why, where Go or that
module cannot be had.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from privshare.log import merkle
from privshare.log.checkpoint import Checkpoint, LogKey, body, sign_checkpoint
from privshare.log.cosignature import cosign
from privshare.log.tile import Tile, plan_bundles, plan_tiles
from privshare.schemes.keys import SigningKey
from privshare.wire import note
from privshare.wire.base64 import b64

SOURCE = Path(__file__).parent / "go"
# Where Debian's golang-golang-x-mod-dev puts the module.
DEBIAN = Path("/usr/share/gocode")

ORIGIN = "log.example/go"
OLD_SIZE, SIZE = 5000, 70000
ENTRIES = [b'{"entry":%d}' % i for i in range(SIZE)]
INDEXES = [0, 1, 255, 256, 12345, 65535, 65536, 69887, 69888, SIZE - 1]


class Files:
    """A log's folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, plan: list[tuple[str, bytes]]) -> None:
        for path, data in plan:
            file = self.root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)

    def read_tile(self, level: int, index: int, width: int) -> bytes:
        return (self.root / Tile(level, index, width).path).read_bytes()


@pytest.fixture(scope="module")
def verifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Go program, built outside the tree."""
    go = shutil.which("go")
    if go is None:
        pytest.skip("Go is not installed")
    build = tmp_path_factory.mktemp("go")
    shutil.copytree(SOURCE, build, dirs_exist_ok=True)
    environment = {**os.environ, "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local"}
    if (DEBIAN / "src/golang.org/x/mod").is_dir():
        environment |= {"GO111MODULE": "off", "GOPATH": str(DEBIAN), "GOFLAGS": ""}
    try:
        built = subprocess.run(
            [go, "build", "-o", "verify", "verify.go"],
            cwd=build,
            env=environment,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
    except subprocess.TimeoutExpired:
        pytest.skip("golang.org/x/mod did not arrive in time")
    if built.returncode:
        missing = "golang.org/x/mod" in built.stderr
        assert missing, f"verify.go does not build: {built.stderr}"
        pytest.skip("golang.org/x/mod cannot be had here")
    return build / "verify"


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of 70,000 entries that grew in two steps, with one cosignature."""
    root = tmp_path_factory.mktemp("log")
    files = Files(root)
    leaves = merkle.leaf_hashes(ENTRIES)
    files.write(plan_tiles(0, OLD_SIZE, files, leaves[: 32 * OLD_SIZE]))
    files.write(plan_bundles(0, [], ENTRIES[:OLD_SIZE]))
    files.write(plan_tiles(OLD_SIZE, SIZE, files, leaves[32 * OLD_SIZE :]))
    unfinished = OLD_SIZE - OLD_SIZE % 256
    files.write(
        plan_bundles(OLD_SIZE, ENTRIES[unfinished:OLD_SIZE], ENTRIES[OLD_SIZE:])
    )
    key, witness = (SigningKey.from_seed(seed * 32) for seed in (b"g", b"w"))
    cp = Checkpoint(ORIGIN, SIZE, merkle.root(leaves))
    lines = (
        sign_checkpoint(cp, ORIGIN, key),
        cosign(body(cp), "witness.example/go", witness, 1000),
    )
    (root / "checkpoint").write_bytes(note.format(note.Note(body(cp), lines)))
    (root / "vkey").write_text(str(LogKey(ORIGIN, key.verify_key)))
    return root


def run(verifier: Path, log: Path, old_root: str) -> subprocess.CompletedProcess[str]:
    """Let the Go program check the folder."""
    arguments = [(log / "vkey").read_text(), str(OLD_SIZE), old_root]
    return subprocess.run(
        [verifier, log, *arguments, *map(str, INDEXES)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def old_root(log: Path) -> str:
    return b64(merkle.root_at(Files(log), OLD_SIZE))


def spelled(hashes: list[bytes]) -> str:
    """A proof as Go prints it."""
    return f"[{' '.join(map(b64, hashes))}]"


def test_go_accepts_the_log_and_makes_the_same_proofs(verifier: Path, log: Path):
    """Note, tiles and entries verify; record and tree proofs are equal to ours."""
    found = run(verifier, log, old_root(log))
    assert found.stderr == ""
    files = Files(log)
    expected = [
        f"record {i} {spelled(merkle.prove_inclusion(files, i, SIZE))}" for i in INDEXES
    ]
    proof = merkle.prove_consistency(files, OLD_SIZE, SIZE)
    expected.append(f"tree {OLD_SIZE} {spelled(proof)}")
    assert found.stdout.splitlines() == expected


@pytest.mark.parametrize(
    "path",
    [
        "checkpoint",
        "tile/0/048",
        "tile/0/273.p/112",
        "tile/1/000",
        "tile/entries/048",
        "tile/entries/273.p/112",
    ],
)
def test_go_refuses_an_altered_log(
    verifier: Path, log: Path, tmp_path: Path, path: str
) -> None:
    """One bit in any kind of file, and the other implementation sees it."""
    altered = tmp_path / "log"
    shutil.copytree(log, altered)
    data = bytearray((altered / path).read_bytes())
    # In the root line of the checkpoint; in entry 12345 - 48 * 256 = 57 or,
    # of the last tile and bundle, in the last entry.
    position = {"checkpoint": 30, "tile/entries/048": 57 * 17 + 10}.get(path, -3)
    data[position] ^= 1
    (altered / path).write_bytes(data)
    found = run(verifier, altered, old_root(log))
    assert found.returncode == 1
    assert found.stderr
