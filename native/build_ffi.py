"""Compile the core into `privshare._core`.

What Python may call stands between `ffi: begin` and `ffi: end` in the headers;
this script joins those regions in the order of `HEADERS` and hands them to
cffi. There is no second declaration anywhere.

    python setup.py build_ext --inplace

setup.py names `ffibuilder`; setuptools and an isolated `pip install .` both
run it from the root of the repository.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from cffi import FFI

ROOT = Path(__file__).resolve().parent.parent
NATIVE = ROOT / "native"
HEADERS = (
    "ps_status.h",
    "ps_config.h",
    "ps_hash.h",
    "ps_scalar.h",
    "ps_ristretto255.h",
    "ps_ristretto255_set.h",
    "ps_oprf.h",
    "ps_transcript.h",
    "ps_one_of_many.h",
    "ps_merlin.h",
    "ps_prio3.h",
    "ps_sigma.h",
    "ps_range.h",
    "ps_ring.h",
    "ps_merkle.h",
    "ps_noise.h",
    "ps_rss.h",
    "ps_mpn.h",
    "ps_prime.h",
    "ps_prime_search.h",
    "ps_paillier.h",
    "ps_paillier_column.h",
    "ps_paillier_power.h",
    "ps_paillier_table.h",
    "ps_gf64.h",
    "ps_dzk.h",
    "ps_wide.h",
)
REGION = re.compile(r"/\* ffi: begin \*/(.*?)/\* ffi: end \*/", re.DOTALL)
FLAGS = (
    "-std=c11",
    "-O2",
    "-fvisibility=hidden",
)


def declarations(header: str) -> str:
    """The ffi regions of one header, without what only a C compiler reads."""
    text = (NATIVE / "include" / "privshare" / header).read_text(encoding="ascii")
    regions = REGION.findall(text)
    if not regions:
        raise ValueError(f"expected an ffi region in {header}, found none")
    return "".join(regions).replace("PS_MUST_CHECK", "")


def relative(path: Path) -> str:
    """A path as setuptools wants it: relative to the root."""
    return os.path.relpath(path, ROOT)


def source_digest() -> str:
    """SHA-256 over the core's sources: name, length and bytes of each, in order.

    Nodes that compute together compare it, so that all run the same code,
    whatever compilers and machines they have.
    """
    digest = hashlib.sha256()
    files = [*(NATIVE / "src").rglob("*.[ch]"), *(NATIVE / "include").rglob("*.h")]
    for path in sorted(files, key=lambda path: path.relative_to(NATIVE).as_posix()):
        name, data = path.relative_to(NATIVE).as_posix().encode(), path.read_bytes()
        digest.update(b"%s\0%d\0" % (name, len(data)))
        digest.update(data)
    return digest.hexdigest()


def make_builder() -> FFI:
    """The cffi builder that setup.py names."""
    builder = FFI()
    builder.cdef("".join(map(declarations, HEADERS)))
    builder.set_source(
        "privshare._core",
        "".join(f'#include "privshare/{header}"\n' for header in HEADERS),
        sources=[relative(path) for path in sorted((NATIVE / "src").rglob("*.c"))],
        include_dirs=[relative(NATIVE / "include")],
        depends=[relative(path) for path in sorted(NATIVE.rglob("*.h"))],
        extra_compile_args=list(FLAGS),
        define_macros=[("PS_SOURCE_DIGEST", f'"{source_digest()}"')],
    )
    return builder


ffibuilder = make_builder()

if __name__ == "__main__":
    ffibuilder.compile(verbose=True)
