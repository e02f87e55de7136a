"""Flower as a submitted job: what docs/syft.md says was tried, tried again.

PRIVSHARE_FLOWER names a folder of packages with `flwr` in it, made by
`pip install --target FOLDER flwr==1.41.0` with this interpreter.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from privshare.errors import PrivShareError
from privshare.jobs.submission.execute import execute
from privshare.jobs.submission.rule import GateRule
from privshare.jobs.submission.sandbox import Ran
from privshare.jobs.submission.tree import File, Submission, Tree

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(
        "PRIVSHARE_FLOWER" not in os.environ,
        reason="long form: set PRIVSHARE_FLOWER to a folder of packages with flwr",
    ),
]

ROWS = b"district,wage\n" + b"".join(
    b"%s,%d\n" % (district, 2_000 + n)
    for n, district in enumerate((b"north", b"south") * 20)
)

ROUNDS = """\
import csv
import numpy as np
import syft as sc
from flwr.client import NumPyClient
from flwr.common import Code, FitRes, Status
from flwr.common import ndarrays_to_parameters, parameters_to_ndarrays
from flwr.server.strategy import FedAvg

with open(sc.resolve_dataset_file_path("wages")) as rows:
    table = list(csv.DictReader(rows))

class District(NumPyClient):
    def __init__(self, wages):
        self.wages = np.array(wages, dtype=float)
    def fit(self, parameters, config):
        (weight,) = parameters
        step = weight + 0.5 * (self.wages.mean() - weight)
        return [step], len(self.wages), {}

names = sorted({row["district"] for row in table})
clients = [
    District([int(row["wage"]) for row in table if row["district"] == name])
    for name in names
]
strategy, weights = FedAvg(), [np.zeros(1)]
for number in range(1, 4):
    results = []
    for client in clients:
        new, n, told = client.fit(weights, {})
        sent = ndarrays_to_parameters(new)
        results.append((None, FitRes(Status(Code.OK, ""), sent, n, told)))
    parameters, _ = strategy.aggregate_fit(number, results, [])
    weights = parameters_to_ndarrays(parameters)
with open("outputs/model.csv", "w") as out:
    print("mean,n", file=out)
    print(f"{weights[0][0]:.3f},{len(table)}", file=out)
"""

SERVER = """\
from flwr.server import ServerConfig, start_server
start_server(server_address="127.0.0.1:9099", config=ServerConfig(num_rounds=1))
"""

SIMULATION = """\
from flwr.client import ClientApp
from flwr.server import ServerApp
from flwr.simulation import run_simulation
run_simulation(ServerApp(), ClientApp(), num_supernodes=2)
"""


def run(code: str) -> Ran:
    """Run a script as a gate does, with Flower beside it."""
    data = code.encode()
    file = File("code/main.py", len(data), hashlib.sha256(data).digest(), False)
    submission = Submission(Tree((file,)), {file.path: data})
    rule = GateRule(k=1, memory=4 << 30)
    site = (Path(os.environ["PRIVSHARE_FLOWER"]),)
    return execute(submission, file.path, ROWS, "wages", rule, site)


def test_rounds_in_one_process() -> None:
    """Clients and a strategy that call each other; the packages are named."""
    ran = run(ROUNDS)
    mean = 2_000 + 19.5
    assert ran.outputs["model.csv"] == f"mean,n\n{mean * 0.875:.3f},40\n".encode()
    assert "flwr" in dict(ran.packages)


@pytest.mark.parametrize("code", [SERVER, SIMULATION], ids=["server", "simulation"])
def test_what_needs_sockets_or_processes_is_stopped(code: str) -> None:
    """There is neither inside."""
    with pytest.raises(PrivShareError) as stopped:
        run(code)
    assert stopped.value.detail["rule"] == "run.exit"
