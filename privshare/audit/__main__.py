"""`python -m privshare.audit FILE`: the verifier without an installed command."""

from __future__ import annotations

import sys

from privshare.audit.command import main

sys.exit(main())
