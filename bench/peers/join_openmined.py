"""openmined-psi: the size of an intersection of two sets, both sides.

python join_openmined.py rows
"""

import json
import sys
import time

import private_set_intersection.python as psi

rows = int(sys.argv[1])
ours = [f"{i:011d}" for i in range(rows)]
theirs = [f"{i:011d}" for i in range(rows // 2, rows // 2 + rows)]
started = time.process_time()
client, server = psi.client.CreateWithNewKey(False), psi.server.CreateWithNewKey(False)
setup = server.CreateSetupMessage(1e-9, rows, theirs, psi.DataStructure.RAW)
request = client.CreateRequest(ours)
response = server.ProcessRequest(request)
found = client.GetIntersectionSize(setup, response)
seconds = time.process_time() - started
assert found == rows - rows // 2, found
sent = sum(len(m.SerializeToString()) for m in (setup, request, response))
print(json.dumps({"seconds": seconds, "bytes": sent}))
