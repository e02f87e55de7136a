"""Whether PySyft is here, and what to install where it is not."""

from __future__ import annotations

from importlib.util import find_spec

from privshare.errors import ConfigError

__all__ = ["need_extra"]

_MODULES = ("syft", "syft_rds", "syft_job")


def need_extra() -> None:
    """Go on only where PySyft is installed.

    Raises:
        ConfigError: It is not; the fix says what to install.
    """
    missing = [one for one in _MODULES if find_spec(one) is None]
    if missing:
        raise ConfigError(
            f"expected PySyft, found that {', '.join(missing)} is not installed",
            fix="pip install 'privshare[syft]'",
        )
