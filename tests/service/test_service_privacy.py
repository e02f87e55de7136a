"""Privacy accounts over HTTP: who opens one, who reads it, who gets the key."""

from __future__ import annotations

import json
from typing import Any

from service_kit import World, problem
from test_service_datasets import _publish

PATH = "/v1/datasets/registrar/{}/privacy"


def document(response: Any) -> Any:
    """What a node answered."""
    assert response.status_code == 200, response.data
    return json.loads(response.data)


def test_a_steward_opens_an_account_and_everybody_reads_it(world: World) -> None:
    """It has no account first, then one of so much; others may not open it."""
    _publish(world, "accounted")
    path = PATH.format("accounted")
    assert document(world.call("auditor", "GET", path))["account"] is None
    refused = world.call("analyst", "PUT", path, {"budget": 5})
    assert problem(refused)["rule"] == "route.role"
    opened = document(world.call("steward", "PUT", path, {"budget": 5_000}))
    assert (opened["account"]["left"], opened["asked"], opened["uses"]) == (
        5_000,
        [],
        [],
    )
    assert document(world.call("analyst", "GET", path)) == opened
    less = document(world.call("steward", "PUT", path, {"budget": 4_000}))
    assert less["account"]["budget"] == 4_000


def test_bad_bodies_are_refused(world: World) -> None:
    """Not a number, too large, below zero, another field: never a 5xx."""
    _publish(world, "strict")
    path = PATH.format("strict")
    for body in ({}, {"budget": -1}, {"budget": 1 << 53}, {"budget": "5"}, {"b": 1}):
        assert 400 <= world.call("steward", "PUT", path, body).status_code < 500
    for body in ({}, {"first": "x", "rows": 1, "second": "y"}):
        response = world.call("steward", "POST", f"{path}/apart", body)
        assert 400 <= response.status_code < 500
    same = {"first": "A" * 43, "rows": 5, "second": "A" * 43}
    assert world.call("steward", "POST", f"{path}/apart", same).status_code == 400


def test_sets_of_rows_are_said_to_be_apart(world: World) -> None:
    """The owner's word goes on the ledger."""
    _publish(world, "far")
    body = {"first": "A" * 43, "rows": 5, "second": "B" * 42 + "A"}
    path = PATH.format("far")
    assert document(world.call("steward", "POST", f"{path}/apart", body))["uses"] == []
    kept = dict(world.context.node.view().items("apart/registrar/far/"))
    assert [one["rows"] for one in kept.values()] == [5]


def test_an_unknown_dataset_has_no_account(world: World) -> None:
    """It is not found, by anybody."""
    path = PATH.format("nothing-here")
    assert world.call("auditor", "GET", path).status_code == 404
    assert world.call("steward", "PUT", path, {"budget": 1}).status_code == 404
