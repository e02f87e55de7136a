"""Routes of jobs. Filled in below."""

from __future__ import annotations

from privshare.service.route import Route

ROUTES: tuple[Route, ...] = ()
