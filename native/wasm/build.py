"""Build the ready modules from C and lay them out as text.

    python native/wasm/build.py           writes privshare/jobs/wasm/modules/
    python native/wasm/build.py --check   compares instead, byte for byte

clang and wasm-ld make a binary, the binary is laid out as data in a listing
that a person can read (wasm2wat), and the listing is assembled again by the
runtime's own assembler: what that gives is the module, and its SHA-256 stands
in modules/digests.json beside the SHA-256 of the sources and the compiler's
version. Nothing binary is committed.

Another version of the compiler may make other code; then --check says so and
ends with 3, so that a difference is never mistaken for equality.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import wasmtime

HERE = Path(__file__).parent
MODULES = HERE.parents[1] / "privshare" / "jobs" / "wasm" / "modules"
NAMES = ("describe", "group", "histogram", "regression")
FLAGS = (
    "--target=wasm32",
    "-mcpu=mvp",
    "-std=c11",
    "-Os",
    "-ffreestanding",
    "-fno-builtin",
    "-ffp-contract=off",
    "-nostdlib",
    "-Wall",
    "-Wextra",
    "-Wno-unused-function",
    "-Werror",
    "-Wl,--no-entry",
    "-Wl,--stack-first",
    "-Wl,--strip-all",
    "-Wl,-z,stack-size=65536",
)


def compiler() -> str:
    """The compiler's version, its first line.

    Raises:
        SystemExit: 2, when a tool is not installed.
    """
    for tool in ("clang", "wasm-ld", "wasm2wat"):
        if shutil.which(tool) is None:
            print(f"expected {tool}, found none", file=sys.stderr)
            raise SystemExit(2)
    done = run("clang", "--version")
    found = re.search(r"version (\d+)", done)
    return f"clang {found[1] if found else 'unknown'}"


def run(program: str, *arguments: str) -> str:
    """Run a tool and give back what it prints."""
    path = shutil.which(program) or program
    done = subprocess.run(  # noqa: S603 - a compiler, with our own arguments
        [path, *arguments], stdout=subprocess.PIPE, check=True
    )
    return done.stdout.decode()


def sources(name: str) -> str:
    """SHA-256 over the module's source and all headers, each with its name."""
    digest = hashlib.sha256()
    for path in (*sorted(HERE.glob("*.h")), HERE / f"{name}.c"):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def build(name: str) -> str:
    """Compile one module and lay it out as text."""
    with tempfile.TemporaryDirectory() as folder:
        binary = Path(folder) / "module.wasm"
        source = HERE / f"{name}.c"
        run("clang", *FLAGS, "-o", str(binary), str(source))
        listing = run("wasm2wat", str(binary))
    return f";; Made from native/wasm/{name}.c by build.py.\n{fill(listing)}"


def fill(listing: str) -> str:
    """Put instructions side by side, a function on lines of its own.

    Indentation is four fifths of what wasm2wat writes.
    """
    lines = [""]
    for line in listing.splitlines():
        word = re.sub(r" *(;; label = @\d+|\(;@?\d+;\))", "", line).strip()
        whole = word.startswith(("(func", "(data", "(table", "(memory", "(export"))
        if whole or len(lines[-1]) + len(word) > 98:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".lstrip()
    return "\n".join(lines) + "\n"


def write(folder: Path) -> None:
    """Write every listing and the table of digests."""
    folder.mkdir(parents=True, exist_ok=True)
    table = {"compiler": compiler(), "modules": {}}
    for name in NAMES:
        listing = build(name)
        module = bytes(wasmtime.wat2wasm(listing))
        table["modules"][name] = {
            "module": hashlib.sha256(module).hexdigest(),
            "sources": sources(name),
        }
        (folder / f"{name}.wat").write_text(listing, encoding="utf-8")
    text = json.dumps(table, indent=2, sort_keys=True) + "\n"
    (folder / "digests.json").write_text(text, encoding="utf-8")


def check() -> int:
    """Build again and compare with what is committed."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder))
        committed = json.loads((MODULES / "digests.json").read_text())
        found = json.loads((Path(folder) / "digests.json").read_text())
        if committed["compiler"] != found["compiler"]:
            print(f"made by {committed['compiler']}, here is {found['compiler']}")
            return 3
        differing = [
            path.name
            for path in sorted(Path(folder).iterdir())
            if path.read_bytes() != (MODULES / path.name).read_bytes()
        ]
    print("differs: " + ", ".join(differing) if differing else "all modules are equal")
    return 1 if differing else 0


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description="Build the ready modules.")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    if parser.parse_args().check:
        return check()
    write(MODULES)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
