"""The phases of a sum: read from the nodes' own counters."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from privshare.demo import phases
from privshare.service.metrics import Metrics

CONTRIBUTIONS = f"{phases.JOB}/contributions/{{agency}}/{{name}}"
INPUTS = f"{phases.JOB}/inputs/{{agency}}/{{name}}"


@pytest.fixture
def node() -> Iterator[tuple[str, Metrics]]:
    """A node that has nothing but its counters."""
    metrics = Metrics()

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = metrics.page()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", metrics
    server.shutdown()
    server.server_close()


def test_what_the_nodes_counted_in_between(node: tuple[str, Metrics]) -> None:
    """Only what was gained counts, over all nodes, whatever the dataset."""
    url, metrics = node
    metrics.observe("POST", CONTRIBUTIONS, 200, 5.0)
    before = phases.counters([url])
    metrics.observe("POST", CONTRIBUTIONS, 200, 1.0)
    metrics.observe("POST", CONTRIBUTIONS, 200, 0.5)
    metrics.observe("PUT", INPUTS, 200, 0.25)
    metrics.observe("POST", f"{phases.JOB}/aggregation", 200, 0.125)
    metrics.observe("POST", f"{phases.JOB}/opening", 200, 0.0625)
    metrics.observe("POST", "/v1/jobs", 201, 9.0)
    spent = phases.gained(before, phases.counters([url, url]))
    assert spent["/v1/jobs"] == pytest.approx(18)
    spent = phases.gained(before, phases.counters([url]))
    took = phases.phases(spent, ask_s=0.1, whole_s=2.0)
    assert took == pytest.approx(
        {
            "ask": 0.1,
            "encrypt": 1.25,
            "ship": 0.25,
            "add": 0.125,
            "open": 0.0625,
            "verify": 0.2125,
        }
    )
    assert sum(took.values()) == pytest.approx(2.0)


def test_parties_that_asked_themselves(node: tuple[str, Metrics]) -> None:
    """A party that is the coordinator is asked without HTTP: its time is the rest."""
    url, _ = node
    took = phases.phases(phases.counters([url]), ask_s=0.1, whole_s=0.5)
    assert took["verify"] == pytest.approx(0.4) and took["encrypt"] == 0.0
    assert phases.told(took).endswith("verify 0.40: 0.50 s")
