"""What all secret keys share: they are neither shown, copied nor pickled.

A base class for every private key of this floor, so that none of them enters
a log line, a traceback or a message to another process.

>>> class Key(Secret):
...     pass
>>> Key()
<Key (secret)>
"""

from __future__ import annotations

from typing import NoReturn


class Secret:
    """Holds a secret; `repr` names the type alone."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} (secret)>"

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} is not copied or pickled")
