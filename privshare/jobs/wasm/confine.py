"""The inner walls: limits, Landlock and seccomp, put up by the child itself.

The program inside is confined by the runtime already. These walls are for the
day when the runtime has a fault: from here on the process opens no file, makes
no socket and starts no other program, and cannot take that back. Each wall is
put up where the kernel has it; `confine` says which stand.

Runs in the child of `sandbox`, after everything has been imported and before
anything of a stranger is read. Imports nothing of the package.

Sources: landlock(7), seccomp(2); numbers of system calls from the kernel's
tables for x86-64 and for the generic ABI of AArch64.
"""

from __future__ import annotations

import ctypes
import platform
import resource
import struct
from typing import Final

NO_NEW_PRIVS: Final = 38
_PR_SET_SECCOMP: Final = 22
_PR_SET_DUMPABLE: Final = 4
_SECCOMP_MODE_FILTER: Final = 2

_ALLOW: Final = 0x7FFF0000
_KILL: Final = 0x80000000
_EPERM: Final = 0x00050001
_ENOSYS: Final = 0x00050026
_CLONE_THREAD: Final = 0x00010000

# Rights over files: those of the first interface, then what later ones added.
_FILE_RIGHTS: Final = {1: 0x1FFF, 2: 0x3FFF, 3: 0x7FFF, 4: 0x7FFF, 5: 0xFFFF}
_NET_RIGHTS: Final = 0b11  # bind and connect TCP, from interface 4
_SCOPES: Final = 0b11  # abstract sockets and signals, from interface 6

_LANDLOCK_CREATE: Final = 444
_LANDLOCK_RESTRICT: Final = 446

# What a process needs that computes on memory it has, writes its answer to an
# open pipe and ends: architecture, then name to number.
_CALLS: Final[dict[str, tuple[int, dict[str, int]]]] = {
    "x86_64": (
        0xC000003E,
        {
            "read": 0,
            "write": 1,
            "close": 3,
            "fstat": 5,
            "lseek": 8,
            "mmap": 9,
            "mprotect": 10,
            "munmap": 11,
            "brk": 12,
            "rt_sigaction": 13,
            "rt_sigprocmask": 14,
            "rt_sigreturn": 15,
            "pread64": 17,
            "sched_yield": 24,
            "mremap": 25,
            "madvise": 28,
            "getpid": 39,
            "exit": 60,
            "sigaltstack": 131,
            "gettid": 186,
            "futex": 202,
            "sched_getaffinity": 204,
            "clock_gettime": 228,
            "exit_group": 231,
            "tgkill": 234,
            "getrandom": 318,
        },
    ),
    "aarch64": (
        0xC00000B7,
        {
            "close": 57,
            "lseek": 62,
            "read": 63,
            "write": 64,
            "pread64": 67,
            "fstat": 80,
            "exit": 93,
            "exit_group": 94,
            "futex": 98,
            "clock_gettime": 113,
            "sched_getaffinity": 123,
            "sched_yield": 124,
            "tgkill": 131,
            "sigaltstack": 132,
            "rt_sigaction": 134,
            "rt_sigprocmask": 135,
            "rt_sigreturn": 139,
            "getpid": 172,
            "gettid": 178,
            "brk": 214,
            "munmap": 215,
            "mremap": 216,
            "mmap": 222,
            "mprotect": 226,
            "madvise": 233,
            "getrandom": 278,
        },
    ),
}


#: What a process needs beside that talks over sockets that it was given, and
#: has a second thread: by architecture.
TALKING: Final[dict[str, dict[str, int]]] = {
    "x86_64": {
        "poll": 7,
        "ioctl": 16,
        "writev": 20,
        "select": 23,
        "sendto": 44,
        "recvfrom": 45,
        "sendmsg": 46,
        "recvmsg": 47,
        "shutdown": 48,
        "getsockname": 51,
        "getpeername": 52,
        "setsockopt": 54,
        "getsockopt": 55,
        "clone": 56,
        "fcntl": 72,
        "clock_nanosleep": 230,
        "ppoll": 271,
        "set_robust_list": 273,
        "rseq": 334,
        "clone3": 435,
    },
    "aarch64": {
        "fcntl": 25,
        "ioctl": 29,
        "writev": 66,
        "pselect6": 72,
        "ppoll": 73,
        "set_robust_list": 99,
        "clock_nanosleep": 115,
        "getsockname": 204,
        "getpeername": 205,
        "sendto": 206,
        "recvfrom": 207,
        "setsockopt": 208,
        "getsockopt": 209,
        "shutdown": 210,
        "sendmsg": 211,
        "recvmsg": 212,
        "clone": 220,
        "rseq": 293,
        "clone3": 435,
    },
}


def confine(memory: int, seconds: int, *, talking: bool = False) -> list[str]:
    """Put up every wall that this kernel has.

    Args:
        memory: Bytes of private memory that the process may use.
        seconds: Of processor time, after which the kernel kills it.
        talking: It has sockets that were given to it, and a second thread.

    Returns:
        The walls that stand: "landlock", "seccomp", or neither.
    """
    limit(memory, seconds, talking=talking)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    if libc.prctl(NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return []
    walls = [_landlock(libc), _seccomp(libc, talking)]
    return [wall for wall in walls if wall]


def limit(memory: int, seconds: int, *, talking: bool = False) -> None:
    """Set the limits that every kernel has."""
    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_DATA: memory,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: 64 if talking else 16,
    }
    if not talking:  # a thread counts as a process
        wanted[resource.RLIMIT_NPROC] = 0
    for name, value in wanted.items():
        hard = resource.getrlimit(name)[1]
        least = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(name, (least, least))


def _landlock(libc: ctypes.CDLL) -> str:
    version = libc.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), 1)
    if version < 1:
        return ""
    attributes = struct.pack(
        "=QQQ",
        _FILE_RIGHTS[min(version, max(_FILE_RIGHTS))],
        _NET_RIGHTS if version >= 4 else 0,
        _SCOPES if version >= 6 else 0,
    )
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    rules = libc.syscall(_LANDLOCK_CREATE, attributes, ctypes.c_size_t(size), 0)
    if rules < 0:
        return ""
    # No rule is added: of everything the set handles, nothing is allowed.
    stands = libc.syscall(_LANDLOCK_RESTRICT, rules, 0) == 0
    return "landlock" if stands else ""


def _seccomp(libc: ctypes.CDLL, talking: bool) -> str:
    known = _CALLS.get(platform.machine())
    if known is None:
        return ""
    more = TALKING[platform.machine()] if talking else {}
    threads = (more["clone"], more["clone3"]) if talking else None
    calls = sorted({*known[1].values(), *more.values()} - {*(threads or ())})
    program = filter_program(known[0], calls, threads)
    return "seccomp" if install(libc, program) else ""


def install(libc: ctypes.CDLL, program: bytes) -> bool:
    """Have the kernel keep a filter; whether it does."""

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))

    laid = Program(len(program) // 8, program)
    mode = libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(laid), 0, 0)
    return bool(mode == 0)


def filter_program(
    architecture: int, allowed: list[int], threads: tuple[int, int] | None = None
) -> bytes:
    """The filter: these calls, "not permitted" for others, death for aliens.

    Classic BPF, eight bytes an instruction. A call of another architecture,
    or of x86-64's second numbering, kills the process.

    Args:
        architecture: As the kernel's audit numbers it.
        allowed: Numbers of calls.
        threads: Numbers of clone and clone3, when the process may start threads
            and no other process: clone with CLONE_THREAD among its flags. What
            clone3 is asked stands in memory, where a filter sees nothing: "no
            such call" makes libraries take clone.
    """
    load, equal, least, answer, has = 0x20, 0x15, 0x35, 0x06, 0x45
    count = len(allowed)
    lines = [
        (load, 0, 0, 4),  # the architecture
        (equal, 1, 0, architecture),
        (answer, 0, 0, _KILL),
        (load, 0, 0, 0),  # the call's number
        (least, 0, 1, 0x40000000),
        (answer, 0, 0, _KILL),
        *(
            ()
            if threads is None
            else (
                (equal, 0, 1, threads[1]),
                (answer, 0, 0, _ENOSYS),
                (equal, 0, 4, threads[0]),
                (load, 0, 0, 16),  # the low half of its first argument
                (has, 0, 1, _CLONE_THREAD),
                (answer, 0, 0, _ALLOW),
                (answer, 0, 0, _EPERM),
            )
        ),
        *((equal, count - place, 0, call) for place, call in enumerate(allowed)),
        (answer, 0, 0, _EPERM),
        (answer, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *line) for line in lines)
