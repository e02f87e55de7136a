"""Submitted code that wants more than its rows: each ends, and nothing is left.

A case either is refused by its rule, or does what it does to nobody. Each runs
in a sandbox of its own with rows that a refusal must not show, is over in
bounded time, and leaves no process, descriptor or file behind.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from privshare.errors import EncodingError, RunRefused
from privshare.jobs.submission import sandbox, walls, watch
from privshare.jobs.submission.execute import Ran, execute, versions
from privshare.jobs.submission.gate import GateRule, release
from privshare.jobs.submission.tree import File, Submission, Tree

pytestmark = pytest.mark.skipif(
    not sandbox.available(), reason="bubblewrap may not make namespaces here"
)

SITE = (Path(np.__file__).parents[1],)
ROWS = b"district,wage\nwest,1200\nwest,1350\neast,77001\n"
RULE = GateRule(k=1, seconds=10, memory=512 << 20, disk=4 << 20)
SLACK_S = 8.0


def submission(**files: str | bytes) -> Submission:
    """As clients lay it out; keyword `main` stands for code/main.py."""
    contents = {
        "run.sh": b"#!/bin/bash\ntouch code/outputs/ran.csv\npython main.py\n",
        "config.yaml": b"entrypoint: other.py\n",
    }
    for name, data in files.items():
        path = f"code/{name.replace('__', '/')}.py"
        contents[path] = data if isinstance(data, bytes) else data.encode()
    tree = Tree(
        tuple(
            File(path, len(data), hashlib.sha256(data).digest(), path == "run.sh")
            for path, data in sorted(contents.items())
        )
    )
    return Submission(tree, contents)


def ran(code: str, rule: GateRule = RULE, site: tuple[Path, ...] = ()) -> Ran:
    """Run one file over the rows."""
    return execute(submission(main=code), "code/main.py", ROWS, "wages", rule, site)


def refused(code: str, rule: GateRule = RULE) -> str:
    """The rule by which it, or what it left, is refused."""
    with pytest.raises(RunRefused) as stopped:
        release(ran(code, rule).outputs, rule)
    assert "77001" not in str(stopped.value) + str(stopped.value.detail)
    return str(stopped.value.detail["rule"])


def _descendants() -> set[int]:
    """Processes below this one."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                text = Path(f"/proc/{entry}/stat").read_text()
            except OSError:
                continue
            parents[int(entry)] = int(text.rpartition(")")[2].split()[1])
    found, grown = {os.getpid()}, True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in found}
        grown = not more <= found
        found |= more
    return found


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No process, no descriptor, no file; and it was over in time."""
    sandbox.available()  # its one trial is not the case's
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    before, open_before = _descendants(), set(os.listdir("/proc/self/fd"))
    began = time.monotonic()
    yield
    assert time.monotonic() - began < 4 * RULE.seconds + SLACK_S
    deadline = time.monotonic() + 3
    while _descendants() - before and time.monotonic() < deadline:
        time.sleep(0.02)
    assert _descendants() <= before
    assert set(os.listdir("/proc/self/fd")) == open_before
    assert not [*tmp_path.iterdir()]


GOOD = """
# privshare: dataset=tax/wages purpose=wage-study
import csv, json, os
import syft as sy
path = sy.resolve_dataset_file_path("wages")
rows = list(csv.DictReader(open(path)))
wages = [int(row["wage"]) for row in rows]
os.makedirs("outputs", exist_ok=True)
json.dump({"n": len(rows), "mean": sum(wages) / len(rows)},
          open("outputs/result.json", "w"))
"""


def test_a_job_of_an_ordinary_client_runs_as_it_is() -> None:
    """It finds its rows through `syft`; the start script is not executed."""
    done = ran(GOOD, site=SITE)
    assert release(done.outputs, RULE) == {"result.json": b'{"mean":26517,"n":3}'}
    assert done.walls == "bubblewrap+seccomp"
    assert done.python.startswith("3.")
    assert dict(done.packages)["numpy"] == np.__version__
    assert done.packages == versions(SITE)


def test_other_files_of_it_are_where_it_expects_them() -> None:
    """Beside the entry, below it, and above."""
    files = submission(
        app__main="import sums, app.more as more, os, sys\n"
        "assert sums and more and os.path.exists('../config.yaml')\n"
        "assert os.getcwd() == '/submitted/job/code', os.getcwd()\n"
        "import shutil, tempfile; shutil.copy('sums.py', tempfile.mkdtemp())\n"
        "open('outputs/a.csv', 'w').write('n\\n3\\n')\nexit()\n",
        sums="",
        app__sums="",
        app__more="",
    )
    done = execute(files, "code/app/main.py", ROWS, "tax/wages", RULE)
    assert done.outputs == {"a.csv": b"n\n3\n"}


def test_data_frames_are_there() -> None:
    """Through a folder of packages that the owner names."""
    pytest.importorskip("pandas")
    code = (
        "import pandas as pd, numpy as np\n"
        "from syft.utils import resolve_dataset_files_path\n"
        "frame = pd.read_csv(resolve_dataset_files_path('tax-wages')[0])\n"
        "made = frame.groupby('district')['wage'].agg(['size', 'mean'])\n"
        "made.to_csv('outputs/mean.csv')\n"
        "assert np.linalg.inv(np.eye(300)).sum() == 300\n"
    )
    seen = release(ran(code, replace(RULE, memory=1 << 30), SITE).outputs, RULE)
    assert seen == {"mean.csv": b"district,mean,size\neast,77001,1\nwest,1275,2\n"}


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("from syft import login_ds", b"has no client, no network"),
        ("import syft; syft.login_do", b"has no client, no network"),
        ("import syft; syft.resolve_dataset_file_path('other')", b"the dataset wages"),
    ],
)
def test_anything_else_of_syft_says_that_it_is_not_there(
    code: str, words: bytes
) -> None:
    """In its log, which its owner reads."""
    code = f"try:\n  {code}\nexcept (ImportError, FileNotFoundError) as e:\n  print(e)"
    assert words in ran(code).log


def test_only_a_python_file_of_it_is_run() -> None:
    """No start script, no file elsewhere, no other dataset's path."""
    made = submission(main="")
    for entry in ("run.sh", "code/other.py", "../main.py", "/etc/passwd", ""):
        with pytest.raises(RunRefused) as stopped:
            execute(made, entry, ROWS, "wages", RULE)
        assert stopped.value.detail["rule"] == "run.entry"
    with pytest.raises(EncodingError):
        execute(made, "code/main.py", ROWS, "../../etc", RULE)


def test_bytes_that_are_not_the_trees_do_not_run() -> None:
    """One changed, one more, one less."""
    made = submission(main=GOOD)
    for contents in (
        {**made.contents, "run.sh": b"#"},
        {**made.contents, "code/more.py": b""},
        {path: made.contents[path] for path in ("run.sh", "code/main.py")},
    ):
        with pytest.raises(RunRefused) as stopped:
            execute(Submission(made.tree, contents), "code/main.py", ROWS, "w", RULE)
        assert stopped.value.detail["rule"] == "submission.changed"


CASES = {
    # network
    "tcp": ("import socket; socket.create_connection(('1.1.1.1', 80), 2)", "run.exit"),
    "udp": ("import socket as s; s.socket(s.AF_INET, s.SOCK_DGRAM)", "run.exit"),
    "unix": ("import socket as s; s.socket(s.AF_UNIX)", "run.exit"),
    "netlink": ("import socket as s; s.socket(s.AF_NETLINK, s.SOCK_RAW)", "run.exit"),
    # files that are not its own
    "outside": ("open('/etc/shadow').read()", "run.exit"),
    "home": ("import os; os.listdir('/root'); os.listdir('/home')", "run.exit"),
    "python": ("import os; open(os.__file__, 'a').write('#')", "run.exit"),
    "site": ("import syft; open(syft.__file__, 'a').write('#')", "run.exit"),
    "package": ("import privshare; open(privshare.__file__, 'w')", "run.exit"),
    "root": ("import os; os.mkdir('/new')", "run.exit"),
    "proc": ("open('/proc/1/environ', 'rb').read()", "run.exit"),
    "proc self": ("open('/proc/self/maps').read()", "run.exit"),
    "devices": ("open('/dev/mem', 'rb').read(1)", "run.exit"),
    "mount": (
        "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        "assert libc.mount(b'proc', b'/submitted/scratch', b'proc', 0, None) == 0",
        "run.exit",
    ),
    # processes
    "fork bomb": ("import os\nwhile True: os.fork()", "run.exit"),
    "spawn": ("import os; os.posix_spawn('/bin/sh', ['sh'], {})", "run.exit"),
    "shell": ("import os; assert os.system('true') == 0", "run.exit"),
    "daemon": (
        "import os\nif os.fork() == 0:\n  os.setsid()\n  import time; time.sleep(99)",
        "run.exit",
    ),
    "kill parent": ("import os; os.kill(os.getppid(), 9)", "run.exit"),
    "kill all": ("import os; os.kill(-1, 9)", "run.exit"),
    "ptrace": (
        "import ctypes; assert ctypes.CDLL(None).ptrace(16, 1, 0, 0) == 0",
        "run.exit",
    ),
    # time and memory
    "loop": ("while True: pass", "run.time"),
    "sleep": ("import time; time.sleep(1000)", "run.time"),
    "deaf": (
        "import signal\nfor n in range(1, 32):\n  try: signal.signal(n, lambda *_: 0)"
        "\n  except (OSError, ValueError): pass\nwhile True: pass",
        "run.time",
    ),
    "memory": ("held = []\nwhile True: held.append(bytearray(1 << 24))", "run.memory"),
    "mapped": (
        "import mmap\nheld = []\nwhile True: held.append(mmap.mmap(-1, 1 << 26))",
        "run.exit",
    ),
    "deep": ("def f(): f()\nimport sys; sys.setrecursionlimit(9**9); f()", "any"),
    # files
    "disk": ("f = open('big', 'wb')\nwhile True: f.write(bytes(1 << 20))", "run.exit"),
    "sparse": ("open('big', 'wb').truncate(1 << 40)", "run.exit"),
    "many files": (
        "n = 0\nwhile True:\n  open(f'{n}', 'w').close(); n += 1",
        "run.disk",
    ),
    "log": ("while True: print('x' * 4096)", "run.exit"),
    "output": ("open('outputs/a.csv', 'w').write('1' * (2 << 20))", "run.output"),
    "outputs": (
        "for n in range(99): open(f'outputs/{n}.csv', 'w').write('n\\n1\\n')",
        "run.output",
    ),
    "a little much": (
        "open('outputs/a.csv', 'w').write('n\\n' * 40000)",
        "output.size",
    ),
    "a few more": (
        "for n in range(5): open(f'outputs/{n}.csv', 'w').write('n\\n1')",
        "output.files",
    ),
    "nothing": ("pass", "output.files"),
    "symlink": ("import os; os.symlink('/etc/passwd', 'outputs/a.csv')", "run.exit"),
    "hard link": (
        "import os; os.link('../../data/wages.csv', 'outputs/a.csv')",
        "run.exit",
    ),
    "folder": ("import os; os.makedirs('outputs/a.csv')", "run.output"),
    "pipe": ("import os; os.mkfifo('outputs/a.csv')", "run.exit"),
    "gone": ("import os; os.rmdir('outputs')", "run.sandbox"),
    "a file there": (
        "import os; os.rmdir('outputs'); open('outputs', 'w').write('a')",
        "run.sandbox",
    ),
    "unreadable": (
        "import os; open('outputs/a.csv', 'w').write('n\\n1'); "
        "os.chmod('outputs/a.csv', 0); os.chmod('outputs', 0)",
        "run.sandbox",
    ),
    # what it says of itself
    "text of an error": (
        "raise ValueError(open('../../data/wages.csv').read())",
        "run.exit",
    ),
    "name of an error": ("raise type('W77001', (Exception,), {})", "run.exit"),
    "exit code": ("import sys; sys.exit(77001)", "run.exit"),
    "dead": ("import os; os._exit(0)", "run.sandbox"),
    "aborted": ("import os; os.abort()", "run.sandbox"),
    "closed": ("import os, time\nos.closerange(3, 256)\ntime.sleep(99)", "run.sandbox"),
    "closed, with outputs": (
        "import os\nopen('outputs/a.csv', 'w').write('n\\n1')\nos.closerange(3, 256)",
        "run.sandbox",
    ),
    "noise in the pipe": (
        "import os\nfor d in range(3, 4096):\n  try: os.write(d, b'x' * 999)\n"
        "  except OSError: pass",
        "run.sandbox",
    ),
    "endless report": (
        "import os\nwhile True:\n  for d in range(3, 4096):\n"
        "    try: os.write(d, bytes(1 << 20))\n    except OSError: pass",
        "run.output",
    ),
    "deep report": (
        "import os\ndata = b'[' * 99999\n"
        "data = len(data).to_bytes(8, 'little') + data\nfor d in range(3, 4096):\n"
        "  try: os.write(d, data)\n  except OSError: pass\nos._exit(0)",
        "run.sandbox",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_it_is_refused(case: str) -> None:
    """By its rule, and without a word of the rows."""
    code, rule = CASES[case]
    quick = replace(RULE, seconds=2) if rule in ("any", "run.time") else RULE
    found = refused(code, quick)
    assert found == rule or (rule == "any" and found.startswith("run."))


def test_a_bomb_of_threads_ends() -> None:
    """The kernel refuses more, or the one who waits stops it."""
    code = (
        "import threading, time\nthreading.stack_size(32768)\n"
        "while True: threading.Thread(target=time.sleep, args=(99,)).start()"
    )
    assert refused(code) in ("run.threads", "run.exit")
    assert walls.MAX_TASKS < 100 and watch.INTERVAL_S < 1


def test_a_few_threads_are_fine() -> None:
    """As libraries start them; they end with it."""
    code = (
        "import threading, time\n"
        "made = [threading.Thread(target=time.sleep, args=(0.2,)) for _ in range(20)]\n"
        "[one.start() for one in made]\n[one.join() for one in made]\n"
        "threading.Thread(target=time.sleep, args=(99,), daemon=True).start()\n"
        "open('outputs/a.csv', 'w').write('n\\n3\\n')\n"
    )
    assert ran(code).outputs == {"a.csv": b"n\n3\n"}


#: Calls that ctypes makes by their numbers, on x86-64.
CALLS = {
    "socket": (41, 2, 1, 0),
    "socketpair": (53, 1, 1, 0, 0),
    "fork": (57,),
    "vfork": (58,),
    "clone": (56, 17, 0, 0, 0, 0),
    "clone3": (435, 0, 0),
    "execve": (59, 0, 0, 0),
    "kill": (62, 1, 9),
    "tkill": (200, 1, 9),
    "ptrace": (101, 16, 1, 0, 0),
    "process_vm_readv": (310, 1, 0, 0, 0, 0, 0),
    "pidfd_open": (434, 1, 0),
    "mount": (165, 0, 0, 0, 0, 0),
    "umount2": (166, 0, 2),
    "pivot_root": (155, 0, 0),
    "chroot": (161, 0),
    "unshare": (272, 0x10000000),
    "setns": (308, 0, 0),
    "bpf": (321, 0, 0, 0),
    "perf_event_open": (298, 0, 0, -1, -1, 0),
    "io_uring_setup": (425, 1, 0),
    "userfaultfd": (323, 0),
    "keyctl": (250, 0, 0, 0, 0, 0),
    "add_key": (248, 0, 0, 0, 0, 0),
    "memfd_create": (319, 0, 0),
    "shmget": (29, 0, 4096, 0o1777),
    "mq_open": (240, 0, 0, 0, 0),
    "inotify_init1": (294, 0),
    "setuid": (105, 0),
    "seccomp": (317, 1, 0, 0),
    "prctl": (157, 38, 0, 0, 0, 0),
    "reboot": (169, 0, 0, 0, 0),
    "init_module": (175, 0, 0, 0),
    "open_by_handle_at": (304, 0, 0, 0),
}


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="numbers of x86-64")
def test_no_call_by_number_gets_out() -> None:
    """Each is answered: not permitted, or no such call."""
    code = (
        "import ctypes, json\nlibc = ctypes.CDLL(None, use_errno=True)\nseen = {}\n"
        f"for name, asked in {CALLS!r}.items():\n"
        "  ctypes.set_errno(0)\n"
        "  got = libc.syscall(*(ctypes.c_long(one) for one in asked))\n"
        "  seen[name] = [got, ctypes.get_errno()]\n"
        "json.dump({k: v[1] if v[0] == -1 else 0 for k, v in seen.items()},"
        " open('outputs/seen.json', 'w'))\n"
    )
    (seen,) = release(ran(code).outputs, RULE).values()
    found = json.loads(seen)
    assert found.pop("clone3") == 38  # ENOSYS: libraries take clone
    assert found == dict.fromkeys(found, 1)
    assert len(found) == len(CALLS) - 1


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="numbers of x86-64")
def test_the_other_numbering_kills() -> None:
    """x86-64 has a second one, which the filter does not read."""
    code = "import ctypes; ctypes.CDLL(None).syscall(ctypes.c_long(0x40000000 + 41))"
    assert refused(code) == "run.sandbox"


def test_no_limit_can_be_raised() -> None:
    """They are what they were set to, for the rest of its life."""
    code = (
        "import resource as r\nraised = 0\nfor one in (r.RLIMIT_AS, r.RLIMIT_CPU,"
        " r.RLIMIT_FSIZE, r.RLIMIT_NOFILE, r.RLIMIT_NPROC, r.RLIMIT_CORE):\n"
        "  soft, hard = r.getrlimit(one)\n"
        "  try:\n    r.setrlimit(one, (hard + 1, hard + 1)); raised += 1\n"
        "  except (ValueError, OSError): pass\n"
        "open('outputs/a.csv', 'w').write(f'raised\\n{raised}\\n')\n"
    )
    assert ran(code).outputs == {"a.csv": b"raised\n0\n"}


def test_its_environment_is_bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """None of ours, in the environment or on the stack it began with."""
    monkeypatch.setenv("SECRET_OF_OURS", "a-secret-of-ours")
    code = (
        "import os, json\nfound = sorted(os.environ)\n"
        "open('outputs/a.csv', 'w').write('name\\n' + '\\n'.join(found) + '\\n')\n"
    )
    names = ran(code).outputs["a.csv"].decode().split()[1:]
    assert names == [
        *("HOME", "LANG", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "OMP_NUM_THREADS"),
        *("OPENBLAS_NUM_THREADS", "PRIVSHARE_DATASET", "PRIVSHARE_ROWS"),
        *("SYFT_IS_IN_JOB", "TMPDIR"),
    ]


def test_what_it_changes_of_itself_stays_inside() -> None:
    """Its files are copies; the next run has the old ones, and so have we."""
    made = submission(
        main="import glob\n"
        "for one in glob.glob('../**/*', recursive=True) + ['../../data/wages.csv']:\n"
        "  try: open(one, 'w').write('other')\n  except OSError: pass\n"
        "open('outputs/a.csv', 'w').write('n\\n3\\n')\n"
    )
    before = dict(made.contents)
    for _ in range(2):
        done = execute(made, "code/main.py", ROWS, "wages", RULE)
        assert done.outputs == {"a.csv": b"n\n3\n"}
    assert dict(made.contents) == before
    assert made.tree.digest == submission(main=before["code/main.py"]).tree.digest


def test_a_forged_report_says_no_more_than_outputs_could() -> None:
    """It may write the second report itself: what it claims is judged like files."""
    code = (
        "import json, os\n"
        "data = b'n,wage\\n3,77001\\n'\n"
        "report = json.dumps({'exit': 0, 'fault': '', 'log': 0,"
        " 'outputs': [['a.csv', len(data)]], 'walls': ['none']}).encode()\n"
        "report = len(report).to_bytes(8, 'little') + report + data\n"
        "for d in range(3, 4096):\n  try: os.write(d, report)\n  except OSError: pass\n"
        "os._exit(0)\n"
    )
    done = ran(code)
    assert done.walls == "bubblewrap+seccomp"
    few = GateRule(k=10, count="n")
    with pytest.raises(RunRefused) as stopped:
        release(done.outputs, few)
    assert stopped.value.detail["rule"] == "output.k"


def test_large_rows_take_nothing_of_what_it_may_write() -> None:
    """Nor of its memory."""
    rows = b"wage\n" + b"1234567\n" * (4 << 20)
    code = (
        "import syft\nfound = sum(1 for _ in open(syft.resolve_dataset_file_path('w')))"
        "\nopen('big', 'wb').write(bytes(3 << 20))\n"
        "open('outputs/a.csv', 'w').write(f'n\\n{found}\\n')\n"
    )
    rule = replace(RULE, memory=128 << 20)
    done = execute(submission(main=code), "code/main.py", rows, "w", rule)
    assert done.outputs == {"a.csv": b"n\n4194305\n"}
