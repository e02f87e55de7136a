"""Publishing over HTTP: uploads, documents, ETags, pages, erasure."""

from __future__ import annotations

import json
from typing import Any

import pytest
from service_kit import World, problem

ROWS = "id,district,tax\n" + "".join(f"R-{n},east,{n}\n" for n in range(20))


def _publish(world: World, name: str) -> dict[str, Any]:
    draft = world.call(
        "steward",
        "POST",
        f"/v1/drafts?filename={name}.csv",
        ROWS.encode(),
        {"content-type": "text/csv; charset=utf-8"},
    )
    assert draft.status_code == 201, draft.data
    read = json.loads(draft.data)
    assert read["rows"] == 20
    body = {"draft": read["draft"], "name": name, "title": f"The {name}", "key": "id"}
    response = world.call("steward", "POST", "/v1/datasets", body)
    assert response.status_code == 201, response.data
    assert response.headers["Location"] == f"/v1/datasets/registrar/{name}"
    return dict(json.loads(response.data))


def test_publish_and_show(world: World) -> None:
    """What was published is shown by its documents, without a row."""
    done = _publish(world, "deeds")
    assert done["dataset"] == "registrar/deeds"
    shown = world.call("analyst", "GET", "/v1/datasets/registrar/deeds")
    document = json.loads(shown.data)
    assert document["metadata"]["title"] == "The deeds"
    assert [c["name"] for c in document["schema"]["columns"]] == [
        "id",
        "district",
        "tax",
    ]
    assert b"R-7" not in shown.data
    receipt = world.call("auditor", "GET", f"/v1/receipts/{done['receipt']}")
    assert receipt.status_code == 200
    assert receipt.headers["Content-Type"].startswith("application/vnd.privshare")
    assert json.loads(receipt.data)["operation"] == "dataset.publish"


def test_a_bad_table_is_refused_with_its_place(world: World) -> None:
    """A malformed row is named, and nothing of the file is kept."""
    before = len(world.context.store.drafts())
    response = world.call(
        "steward", "POST", "/v1/drafts", b"a,b\n1,2\n1,2,3\n",
        {"content-type": "text/csv"},
    )  # fmt: skip
    assert response.status_code == 400
    assert problem(response)["row"] == 3  # the header is line 1
    assert len(world.context.store.drafts()) == before


def test_an_upload_has_a_bound(world: World) -> None:
    """The setting max_upload_bytes lowers the route's own bound."""
    settings = world.context.settings.model_copy(update={"max_upload_bytes": 2048})
    small = world.with_context(settings=settings)
    media = {"content-type": "text/csv"}
    response = small.call(
        "steward", "POST", "/v1/drafts", b"a\n" + b"1\n" * 2000, media
    )
    assert response.status_code == 413


def test_etag_guards_a_policy(world: World) -> None:
    """A policy is replaced only by somebody who saw the one in force."""
    _publish(world, "guarded")
    path = "/v1/datasets/registrar/guarded/policy"
    seen = world.call("steward", "GET", path)
    etag = seen.headers["ETag"]
    policy = json.loads(seen.data)
    assert etag.startswith('"')
    assert policy["default"] == "prohibit"
    unchanged = world.call("steward", "GET", path, None, {"if-none-match": etag})
    assert unchanged.status_code == 304
    assert unchanged.data == b""
    never = {"effect": "prohibit", "id": "never", "purposes": ["marketing"]}
    others = {"columns": ["*"], "grantees": ["*"], "operations": ["*"]}
    policy["rules"] = [never | others]
    missing = world.call("steward", "PUT", path, policy)
    assert missing.status_code == 428
    assert problem(missing)["title"] == "Conflict"
    for stale in ('"x"', '"' + "A" * 43 + '"'):
        response = world.call("steward", "PUT", path, policy, {"if-match": stale})
        assert response.status_code == 412
        assert problem(response)["policy"] == etag.strip('"')
    for weak in ('W/"x"', "*", "x", '"a", "b"'):
        response = world.call("steward", "PUT", path, policy, {"if-match": weak})
        assert response.status_code == 400
    bad = world.call("steward", "PUT", path, {"rules": 1}, {"if-match": etag})
    assert bad.status_code == 400
    done = world.call("steward", "PUT", path, policy, {"if-match": etag})
    assert done.status_code == 200, done.data
    assert done.headers["ETag"] != etag
    again = world.call("steward", "PUT", path, policy, {"if-match": etag})
    assert again.status_code == 412


def test_pages_follow_links(world: World) -> None:
    """A list is walked by its Links, each item once."""
    for name in ("page-a", "page-b", "page-c"):
        _publish(world, name)
    for path, key in (("/v1/datasets", "dataset"), ("/v1/receipts", "id")):
        found: list[str] = []
        target: str | None = f"{path}?limit=2"
        while target is not None:
            response = world.call("analyst", "GET", target)
            assert response.status_code == 200
            page = json.loads(response.data)
            assert len(page["items"]) <= 2
            found += [item[key] for item in page["items"]]
            link = response.headers.get("Link")
            assert (link is None) == (page["next"] is None)
            target = link.split(">")[0].strip("<") if link else None
        assert len(found) == len(set(found)) >= 3


def test_search_keeps_its_words_in_links(world: World) -> None:
    """The next page is of the same search."""
    response = world.call("analyst", "GET", "/v1/datasets?query=page&limit=1")
    assert "query=page" in response.headers["Link"]


def test_erase_and_retire(world: World) -> None:
    """An erased record is gone; a retired dataset stays shown as such."""
    _publish(world, "fading")
    base = "/v1/datasets/registrar/fading"
    assert world.call("steward", "DELETE", base + "/records/R-7").status_code == 200
    gone = world.call("steward", "DELETE", base + "/records/R-7")
    assert gone.status_code == 404
    assert world.context.store.row_by_key("registrar/fading", "R-7") is None
    assert world.call("steward", "DELETE", base).status_code == 200
    shown = json.loads(world.call("analyst", "GET", base).data)
    assert shown["status"] == "retired"
    used = json.loads(world.call("auditor", "GET", "/v1/uses?limit=2").data)
    assert [line["action"] for line in used["items"]] == [
        "dataset.retire",
        "record.erase",
    ]


@pytest.mark.parametrize("key", ["a%2Fb", "%E5%A8%84%E5%BA%95", "a%20b", "..%2F.."])
def test_keys_in_paths(world: World, key: str) -> None:
    """A record's key may be any text."""
    path = f"/v1/datasets/registrar/deeds/records/{key}"
    response = world.call("steward", "DELETE", path)
    assert response.status_code == 404
    assert "key" in problem(response)["detail"]


def test_a_stream_gives_its_place_back(world: World) -> None:
    """Event streams are counted while they are open, and no longer."""
    from privshare.jobs.lifecycle import Job

    job = Job("stream-1", "sum", b"{}", deadline=2_000, created=1_000, phase="done")
    world.context.store.put_job(job)
    streams = world.context.streams
    for _ in range(streams.most + 2):
        response = world.call("analyst", "GET", "/v1/jobs/stream-1/events")
        assert response.status_code == 200
        text = response.get_data(as_text=True)
        assert "event: job" in text
        assert '"phase":"done"' in text
        response.close()
    taken = [streams.take() for _ in range(streams.most)]
    assert all(taken)
    full = world.call("analyst", "GET", "/v1/jobs/stream-1/events")
    assert full.status_code == 503
    assert "Retry-After" in full.headers
    for _ in taken:
        streams.give_back()


def test_a_bundle_holds_the_receipts(world: World) -> None:
    """A bundle opens; an auditor's holds receipts and no plaintext."""
    from privshare.audit.bundle import open_bundle

    world.context.store.put_receipt(
        "-x",
        operation="record.share",
        subject="s",
        index=10**6,
        body=b"{}",
        attachments={"record.json": b"a secret value"},
        now=1,
    )
    for role, holds in (("analyst", True), ("auditor", False)):
        response = world.call(role, "GET", "/v1/bundle?limit=200")
        assert response.headers["Content-Type"] == "application/zip"
        enclosed = open_bundle(response.data).receipts["1000000-record-share"]
        assert ("record.json" in enclosed.attachments) is holds
