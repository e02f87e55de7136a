"""The threshold key over HTTP: what is shown, and what is taken over."""

from __future__ import annotations

import json
from typing import Any

from service_kit import NETWORK, World, problem
from threshold_kit import dealt

from privshare.ledger.sealed_share import seal_share
from privshare.schemes.keys import SealPublicKey
from privshare.wire.canonical import unb64u

DEAL = {
    "epoch": 1,
    "holders": ["registrar", "title"],
    "key": dealt(2, 2)[0].to_json(),
}


def answer(response: Any, status: int = 200) -> Any:
    """The JSON of an answer with this status."""
    assert response.status_code == status, response.data[:400]
    return json.loads(response.data)


def sealed(world: World) -> dict[str, Any]:
    """The registrar's share, sealed to the key that the node says it has."""
    listed = answer(world.call("analyst", "GET", "/v1/agencies"))["items"]
    keys = next(one["keys"] for one in listed if one["agency"] == "registrar")
    public = next(key["pub"] for key in keys if key["use"] == "seal")
    file = seal_share(
        dealt(2, 2)[1][0],
        agency="registrar",
        epoch=1,
        network=NETWORK,
        recipient=SealPublicKey(unb64u(public, 32)),
    )
    return dict(file.to_json())


def test_a_key_goes_its_way(world: World) -> None:
    """Dealt by the operator, taken over by a steward, seen by everybody."""
    empty = answer(world.call("auditor", "GET", "/v1/threshold"))
    assert empty == {"active": None, "items": [], "next": None}
    missing = world.call("auditor", "GET", "/v1/threshold/1")
    assert missing.status_code == 404 and problem(missing)["title"] == "NotFound"

    early = world.call(
        "steward", "POST", "/v1/threshold/shares", {"files": [sealed(world)]}
    )
    assert early.status_code == 404
    done = answer(world.call("operator", "POST", "/v1/threshold/deals", DEAL), 201)
    assert done["epoch"] == 1
    again = world.call("operator", "POST", "/v1/threshold/deals", DEAL)
    assert again.status_code == 409 and problem(again)["title"] == "Conflict"

    taken = answer(
        world.call(
            "steward", "POST", "/v1/threshold/shares", {"files": [sealed(world)]}
        ),
        201,
    )
    assert (taken["epoch"], taken["index"], taken["status"]) == (1, 1, "dealt")
    share = world.context.node.share(1)
    assert share is not None and share.index == 1
    second = world.call(
        "steward", "POST", "/v1/threshold/shares", {"files": [sealed(world)]}
    )
    assert second.status_code == 409

    (shown,) = answer(world.call("auditor", "GET", "/v1/threshold"))["items"]
    assert "key" not in shown and shown["held"] is True and shown["bits"] == 2048
    assert [one["accepted"] for one in shown["holders"]] == [taken["accepted"], None]
    whole = answer(world.call("analyst", "GET", "/v1/threshold/1"))
    assert whole["key"] == DEAL["key"] and {**shown, "key": whole["key"]} == whole

    alone = world.call(
        "steward", "POST", "/v1/threshold/resharings",
        {"threshold": 2, "to": ["registrar", "title"]},
    )  # fmt: skip
    assert alone.status_code == 404 and "in use" in problem(alone)["detail"]


def test_no_answer_holds_a_share(world: World) -> None:
    """Refusals of a share's bytes, in the open or altered, repeat nothing of them."""
    share = dealt(2, 2)[1][0]
    bare = json.loads(share.to_bytes())
    file = sealed(world)
    altered = file | {"sealed": file["sealed"][:-4] + "AAAA"}
    for files in ([bare], [altered], [file, file], [file | {"agency": "title"}]):
        response = world.call(
            "steward", "POST", "/v1/threshold/shares", {"files": files}
        )
        assert response.status_code in (400, 422), response.data[:300]
        problem(response)
        text = response.get_data(as_text=True)
        assert bare["share"][:40] not in text and str(share.value) not in text


def test_a_broken_key_is_refused(world: World) -> None:
    """The ledger's checks speak through the route."""
    key = dict(dealt(2, 2, 1)[0].to_json())
    key["commitments"] = dealt(2, 2)[0].to_json()["commitments"]
    body = DEAL | {"epoch": 2, "key": key}
    response = world.call("operator", "POST", "/v1/threshold/deals", body)
    assert response.status_code == 422
    assert problem(response)["title"] == "VerificationError"
