"""Every name that the core exports begins with `ps_`.

python3 tools/check_symbols.py build/gcc-O2/check/libcore.a
"""

from __future__ import annotations

import subprocess
import sys

# What sanitisers and coverage add is not ours.
FOREIGN = ("__asan", "__ubsan", "__gcov", "__odr_asan")


def exported(archive: str) -> list[str]:
    """Global names that the objects of an archive define."""
    listing = subprocess.run(  # noqa: S603 - a path that the Makefile gives
        ["nm", "--defined-only", "--extern-only", "--format=posix", archive],  # noqa: S607
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    lines = (line.split() for line in listing.splitlines())
    return [fields[0] for fields in lines if len(fields) > 1]


def main() -> int:
    """Print the offenders; 1 if there are any."""
    names = exported(sys.argv[1])
    bad = [name for name in names if not name.startswith(("ps_", *FOREIGN))]
    for name in bad:
        print(f"expected a name that begins with ps_, found {name}")
    if not names:
        print("expected exported names, found none")
    print(f"symbols: {len(names)} checked, {len(bad)} bad")
    return 1 if bad or not names else 0


if __name__ == "__main__":
    sys.exit(main())
