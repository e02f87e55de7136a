"""The `privshare` command: dispatch, errors, exit codes.

The one map from errors to exit codes. Commands raise, this module says what
happened and leaves. `verify` goes past everything else here, because an
auditor's verdict should not wait for commands that it does not use; a group's
module is imported when one of its commands is called.

    argv ─► command ─► Report on standard output         0
                    └► PrivShareError ─► error, cause, fix   1, 2, 3 or 70

Exit codes, as docs/cli.md lists them:

    0   done; for verify and audit: valid
    1   refused, invalid or not found
    2   used wrongly, configured wrongly, or a proof that is incomplete
    3   a node or a resource is away for the moment
    70  an error of PrivShare itself
    130 interrupted
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from privshare.errors import (
    ConfigError,
    NativeError,
    PrivShareError,
    Unavailable,
)

OK = 0
REFUSED = 1
USAGE = 2
AWAY = 3
INTERNAL = 70
INTERRUPTED = 130

#: The nearest class of an error decides.
CODES: dict[type[PrivShareError], int] = {
    ConfigError: USAGE,
    NativeError: INTERNAL,
    PrivShareError: REFUSED,
    Unavailable: AWAY,
}

DEBUG_VARIABLE = "PRIVSHARE_DEBUG"


def run() -> NoReturn:
    """Run the command line of this process; the entry point."""
    raise SystemExit(main(sys.argv[1:]))


def main(argv: Sequence[str]) -> int:
    """Run one command.

    Args:
        argv: Words behind `privshare`.

    Returns:
        The exit code.
    """
    if argv and argv[0] == "verify":
        from privshare.cli import verify  # noqa: PLC0415 - past typer

        return verify.main(list(argv[1:]))
    as_json = "--json" in argv
    try:
        from privshare.cli.application import invoke  # noqa: PLC0415 - lazy

        return invoke(argv)
    except PrivShareError as error:
        from privshare.cli.output import complain  # noqa: PLC0415 - only if needed

        complain(error, as_json=as_json)
        return exit_code(error)
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output left: nothing to tell it
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - kept
        return OK
    except Exception as error:
        return _internal(error, as_json=as_json)


def exit_code(error: PrivShareError) -> int:
    """The exit code that stands for an error."""
    return next(CODES[cls] for cls in type(error).__mro__ if cls in CODES)


def _internal(error: Exception, *, as_json: bool) -> int:
    """Report an error that is our fault; values stay out of what is printed."""
    import traceback  # noqa: PLC0415 - only if needed

    from privshare.cli.output import complain  # noqa: PLC0415 - only if needed

    frames = traceback.extract_tb(error.__traceback__)
    where = f"{os.path.basename(frames[-1].filename)}:{frames[-1].lineno}"
    complain(
        NativeError(
            f"expected no error here, found {type(error).__name__} at {where}",
            fix=f"please report it, with the output under {DEBUG_VARIABLE}=1",
        ),
        as_json=as_json,
    )
    if os.environ.get(DEBUG_VARIABLE) == "1":
        for frame in frames:
            place = f"{frame.filename}:{frame.lineno} in {frame.name}"
            print(f"       {place}", file=sys.stderr)
    return INTERNAL
