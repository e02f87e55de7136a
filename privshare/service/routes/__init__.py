"""The route table: every route of the node, one row each.

A row here is all there is: Flask, the checks, the documents and the tests read
the same rows.
"""

from __future__ import annotations

from privshare.service.route import Route
from privshare.service.routes import (
    accounts,
    anchors,
    boxes,
    code,
    datasets,
    grants,
    health,
    jobs,
    ledger,
    meta,
    peers,
    peers_attested,
    peers_box,
    peers_join,
    peers_submission,
    peers_survey,
    privacy,
    proofs,
    receipts,
    records,
    rings,
    submissions,
    surveys,
    threshold,
)

ROUTES: tuple[Route, ...] = (
    *meta.ROUTES,
    *datasets.ROUTES,
    *privacy.ROUTES,
    *grants.ROUTES,
    *records.ROUTES,
    *jobs.ROUTES,
    *code.ROUTES,
    *rings.ROUTES,
    *proofs.ROUTES,
    *surveys.ROUTES,
    *accounts.ROUTES,
    *boxes.ROUTES,
    *submissions.ROUTES,
    *threshold.ROUTES,
    *anchors.ROUTES,
    *receipts.ROUTES,
    *ledger.ROUTES,
    *peers.ROUTES,
    *peers_attested.ROUTES,
    *peers_box.ROUTES,
    *peers_join.ROUTES,
    *peers_survey.ROUTES,
    *peers_submission.ROUTES,
    *health.ROUTES,
)
