"""Submitted Python gets its rows, leaves its outputs, and reaches nothing else."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest

from privshare.errors import OutOfRange, RunRefused
from privshare.jobs.submission import sandbox
from privshare.jobs.submission.sandbox import HOME, Limits, Ran, Script

pytestmark = pytest.mark.skipif(
    not sandbox.available(), reason="bubblewrap may not make namespaces here"
)

SITE = (Path(np.__file__).parents[1],)
ROWS = b"wage\n1200\n1350\n990\n"


def run(code: str, **limits: int) -> Ran:
    """Run one file over three rows."""
    script = Script(
        entry="main.py",
        home="code",
        contents={"code/main.py": code.encode(), "rows/wages.csv": ROWS},
        environment={"OWNER": "labour"},
        site=SITE,
    )
    return sandbox.run(script, Limits(**{"seconds": 10, **limits}))


def refused(code: str, **limits: int) -> str:
    """The rule by which it was stopped."""
    with pytest.raises(RunRefused) as stopped:
        run(code, **limits)
    assert "secret" not in str(stopped.value)
    return str(stopped.value.detail["rule"])


def test_rows_in_outputs_out() -> None:
    """It reads what was laid out, imports named packages, and leaves a file."""
    ran = run(
        "import numpy as np\n"
        f"rows = open('{HOME}/rows/wages.csv').read().split()[1:]\n"
        "print('read', len(rows))\n"
        "open('outputs/mean.txt', 'w').write(str(np.mean([int(r) for r in rows])))\n"
    )
    assert ran.outputs == {"mean.txt": b"1180.0"}
    assert ran.log == b"read 3\n"
    assert ran.walls == "bubblewrap+seccomp"


def test_it_sees_its_own_small_world(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of ours, no file of ours, no device, no other process."""
    monkeypatch.setenv("SECRET_OF_OURS", "secret")
    ran = run(
        "import json, os\n"
        "seen = {'env': dict(os.environ), 'dev': sorted(os.listdir('/dev')),\n"
        "        'uid': os.getuid(), 'proc': os.path.exists('/proc/self'),\n"
        "        'etc': os.path.exists('/etc/passwd'), 'pid': os.getpid()}\n"
        "json.dump(seen, open('outputs/seen.json', 'w'))\n"
    )
    seen = json.loads(ran.outputs["seen.json"])
    assert seen.pop("env") == {
        "HOME": HOME,
        "OWNER": "labour",
        "TMPDIR": f"{HOME}/scratch",
    }
    assert seen.pop("pid") < 10
    assert seen == {
        "dev": ["null", "urandom"],
        "etc": False,
        "proc": False,
        "uid": 65534,
    }


@pytest.mark.parametrize(
    "code",
    [
        "import socket; socket.socket()",
        "import socket; socket.socket(socket.AF_UNIX)",
        "import socket; socket.socketpair()",
        "import urllib.request; urllib.request.urlopen('http://127.0.0.1:80')",
        "import os; os.fork()",
        "import subprocess; subprocess.run(['/bin/true'])",
        "import os; os.execv('/usr/bin/python3', ['python3'])",
        "import multiprocessing as m; m.get_context('fork').Process().start()",
        "open('/etc/passwd').read()",
        "open('/outside', 'w')",
        "import os; os.kill(1, 9)",
        "import os; os.symlink('/', 'outputs/all')",
        "import os; os.link('main.py', 'outputs/code')",
        "import os; os.mknod('outputs/device')",
        "import os; os.chroot('.')",
        "import ctypes; assert ctypes.CDLL(None).unshare(0x10000000) == 0",
        "import ctypes; assert ctypes.CDLL(None).ptrace(0, 0, 0, 0) == 0",
        "type('W1200', (Exception,), {})\nraise type('W1200', (Exception,), {})",
        "exit(1)",
        "f = open('big', 'wb')\nwhile True: f.write(bytes(1 << 20))",
        "for i in range(9999): open(str(i), 'wb').write(bytes(1 << 16))",
        "raise ValueError('secret')",
        "import sys; sys.exit(3)",
        "import sys; sys.exit('secret')",
        "def",
    ],
)
def test_what_it_may_not_do_ends_it(code: str) -> None:
    """Network, processes, files outside, full disks, errors: run.exit."""
    assert refused(code) == "run.exit"


def test_a_loop_ends_in_time() -> None:
    """By the clock, however many threads burn."""
    began = time.monotonic()
    assert refused("while True: pass", seconds=1) == "run.time"
    assert refused("import time; time.sleep(60)", seconds=1) == "run.time"
    many = (
        "import threading\nfor _ in range(4): threading.Thread(target="
        "lambda: sum(iter(int, 1))).start()"
    )
    assert refused(many, seconds=1) == "run.time"
    assert time.monotonic() - began < 10


def test_memory_is_bounded() -> None:
    """It gets an error, or dies; this process does not notice."""
    code = "held = []\nwhile True: held.append(bytes(1 << 20))"
    assert refused(code, memory=256 << 20) == "run.memory"
    code = "import numpy as np; np.ones(1 << 40)"
    assert refused(code) in ("run.memory", "run.exit")


@pytest.mark.parametrize(
    "code",
    [
        "open('outputs/large', 'wb').write(bytes(2 << 20))",
        "for i in range(17): open(f'outputs/{i}', 'w').write('1')",
        "open('outputs/two\\nlines', 'w').write('1')",
        "open('outputs/.hidden', 'w').write('1')",
        "open('outputs/empty', 'w')",
        "import os; os.mkdir('outputs/folder')",
    ],
)
def test_outputs_are_few_plain_and_small(code: str) -> None:
    """Anything else is over the limit: run.output."""
    assert refused(code) == "run.output"


@pytest.mark.parametrize(
    "code",
    [
        "import os; os._exit(0)",
        "import os\nfor d in range(3, 4096):\n  try: os.write(d, b'x' * 99)\n"
        "  except OSError: pass\nos._exit(0)",
        "import ctypes; ctypes.string_at(0)",
    ],
)
def test_a_process_that_dies_left_nothing(code: str) -> None:
    """Or that writes what it likes to where we listen: run.sandbox."""
    assert refused(code) == "run.sandbox"


def test_it_cannot_say_that_other_walls_stood() -> None:
    """What it writes comes after what was said before it ran."""
    forged = json.dumps({"walls": ["none"]}).encode()
    ending = {"exit": 0, "fault": "", "log": 0, "outputs": []}
    report = json.dumps(ending).encode()
    ran = run(
        "import os\n"
        f"data = {len(report).to_bytes(8, 'little') + report!r}\n"
        "for d in range(3, 4096):\n"
        "  try: os.write(d, data)\n"
        "  except OSError: pass\n"
        "os._exit(0)\n"
    )
    assert ran.walls == "bubblewrap+seccomp" and not ran.outputs
    assert forged  # a first report of its own would be read as the second


def test_limits_have_bounds() -> None:
    """And no booleans."""
    for wrong in ({"seconds": 0}, {"memory": 1}, {"files": True}, {"disk": 1 << 60}):
        with pytest.raises(OutOfRange):
            Limits(**wrong)
