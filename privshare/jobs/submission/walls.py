"""The walls around submitted Python: what it may ask of the kernel.

It reads and writes files (of its own namespaces), maps memory, starts threads.
It makes no socket, starts no process, traces nobody, mounts nothing, and has no
memory that is neither its own nor a file's (`memfd_create`): nobody would count
it. The filter
stands before the first line of the submission is read and cannot be taken back.

Imports nothing of the package but `confine`. Numbers are the kernel's, for
x86-64 and for the generic ABI of AArch64.
"""

from __future__ import annotations

import ctypes
import platform
import resource
from typing import Final

from privshare.jobs.wasm import confine

__all__ = ["MAX_TASKS", "raise_walls"]

#: Processes and threads, those around it counted. The kernel holds an ordinary
#: user to it; `watch` looks after all.
MAX_TASKS: Final = 64

_ARENA_MAX: Final = -8

#: Architecture, clone and clone3, and the calls that are allowed.
_CALLS: Final[dict[str, tuple[int, tuple[int, int], frozenset[int]]]] = {
    "x86_64": (
        0xC000003E,
        (56, 435),
        frozenset(
            {
                "access": 21,
                "arch_prctl": 158,
                "brk": 12,
                "chdir": 80,
                "chmod": 90,
                "clock_getres": 229,
                "clock_gettime": 228,
                "clock_nanosleep": 230,
                "close": 3,
                "close_range": 436,
                "dup": 32,
                "dup2": 33,
                "dup3": 292,
                "epoll_create1": 291,
                "epoll_ctl": 233,
                "epoll_pwait": 281,
                "epoll_wait": 232,
                "eventfd2": 290,
                "exit": 60,
                "exit_group": 231,
                "faccessat": 269,
                "faccessat2": 439,
                "fadvise64": 221,
                "fallocate": 285,
                "fchdir": 81,
                "fchmod": 91,
                "fchmodat": 268,
                "fcntl": 72,
                "fdatasync": 75,
                "flock": 73,
                "fstat": 5,
                "fstatfs": 138,
                "fsync": 74,
                "ftruncate": 77,
                "futex": 202,
                "get_mempolicy": 239,
                "get_robust_list": 274,
                "getcwd": 79,
                "getdents64": 217,
                "getegid": 108,
                "geteuid": 107,
                "getgid": 104,
                "getpgrp": 111,
                "getpid": 39,
                "getppid": 110,
                "getrandom": 318,
                "getrusage": 98,
                "getsid": 124,
                "gettid": 186,
                "gettimeofday": 96,
                "getuid": 102,
                "ioctl": 16,
                "lseek": 8,
                "lstat": 6,
                "madvise": 28,
                "mbind": 237,
                "membarrier": 324,
                "mincore": 27,
                "mkdir": 83,
                "mkdirat": 258,
                "mmap": 9,
                "mprotect": 10,
                "mremap": 25,
                "msync": 26,
                "munlock": 150,
                "munmap": 11,
                "nanosleep": 35,
                "newfstatat": 262,
                "open": 2,
                "openat": 257,
                "pipe": 22,
                "pipe2": 293,
                "poll": 7,
                "ppoll": 271,
                "pread64": 17,
                "preadv": 295,
                "prlimit64": 302,
                "pselect6": 270,
                "pwrite64": 18,
                "pwritev": 296,
                "read": 0,
                "readlink": 89,
                "readlinkat": 267,
                "readv": 19,
                "rename": 82,
                "renameat": 264,
                "renameat2": 316,
                "restart_syscall": 219,
                "rmdir": 84,
                "rseq": 334,
                "rt_sigaction": 13,
                "rt_sigpending": 127,
                "rt_sigprocmask": 14,
                "rt_sigreturn": 15,
                "rt_sigtimedwait": 128,
                "sched_get_priority_max": 146,
                "sched_get_priority_min": 147,
                "sched_getaffinity": 204,
                "sched_getparam": 143,
                "sched_getscheduler": 145,
                "sched_setaffinity": 203,
                "sched_yield": 24,
                "select": 23,
                "set_robust_list": 273,
                "set_tid_address": 218,
                "sigaltstack": 131,
                "stat": 4,
                "statfs": 137,
                "statx": 332,
                "sysinfo": 99,
                "tgkill": 234,
                "time": 201,
                "times": 100,
                "truncate": 76,
                "umask": 95,
                "uname": 63,
                "unlink": 87,
                "unlinkat": 263,
                "utimensat": 280,
                "write": 1,
                "writev": 20,
            }.values()
        ),
    ),
    "aarch64": (
        0xC00000B7,
        (220, 435),
        frozenset(
            {
                "brk": 214,
                "chdir": 49,
                "clock_getres": 114,
                "clock_gettime": 113,
                "clock_nanosleep": 115,
                "close": 57,
                "close_range": 436,
                "dup": 23,
                "dup3": 24,
                "epoll_create1": 20,
                "epoll_ctl": 21,
                "epoll_pwait": 22,
                "eventfd2": 19,
                "exit": 93,
                "exit_group": 94,
                "faccessat": 48,
                "faccessat2": 439,
                "fadvise64": 223,
                "fallocate": 47,
                "fchdir": 50,
                "fchmod": 52,
                "fchmodat": 53,
                "fcntl": 25,
                "fdatasync": 83,
                "flock": 32,
                "fstat": 80,
                "fstatfs": 44,
                "fsync": 82,
                "ftruncate": 46,
                "futex": 98,
                "get_mempolicy": 236,
                "get_robust_list": 100,
                "getcwd": 17,
                "getdents64": 61,
                "getegid": 177,
                "geteuid": 175,
                "getgid": 176,
                "getpid": 172,
                "getppid": 173,
                "getrandom": 278,
                "getrusage": 165,
                "getsid": 156,
                "gettid": 178,
                "gettimeofday": 169,
                "getuid": 174,
                "ioctl": 29,
                "lseek": 62,
                "madvise": 233,
                "mbind": 235,
                "membarrier": 283,
                "mincore": 232,
                "mkdirat": 34,
                "mmap": 222,
                "mprotect": 226,
                "mremap": 216,
                "msync": 227,
                "munlock": 229,
                "munmap": 215,
                "nanosleep": 101,
                "newfstatat": 79,
                "openat": 56,
                "pipe2": 59,
                "ppoll": 73,
                "pread64": 67,
                "preadv": 69,
                "prlimit64": 261,
                "pselect6": 72,
                "pwrite64": 68,
                "pwritev": 70,
                "read": 63,
                "readlinkat": 78,
                "readv": 65,
                "renameat": 38,
                "renameat2": 276,
                "restart_syscall": 128,
                "rseq": 293,
                "rt_sigaction": 134,
                "rt_sigpending": 136,
                "rt_sigprocmask": 135,
                "rt_sigreturn": 139,
                "rt_sigtimedwait": 137,
                "sched_get_priority_max": 125,
                "sched_get_priority_min": 126,
                "sched_getaffinity": 123,
                "sched_getparam": 121,
                "sched_getscheduler": 120,
                "sched_setaffinity": 122,
                "sched_yield": 124,
                "set_robust_list": 99,
                "set_tid_address": 96,
                "sigaltstack": 132,
                "statfs": 43,
                "statx": 291,
                "sysinfo": 179,
                "tgkill": 131,
                "times": 153,
                "truncate": 45,
                "umask": 166,
                "uname": 160,
                "unlinkat": 35,
                "utimensat": 88,
                "write": 64,
                "writev": 66,
            }.values()
        ),
    ),
}


def raise_walls(memory: int, seconds: int, file_bytes: int) -> list[str]:
    """Set the limits and put up the filter.

    Args:
        memory: Bytes of address space.
        seconds: Of processor time.
        file_bytes: Of the longest file that may be written.

    Returns:
        `["seccomp"]`, or nothing where the kernel has no such filter.
    """
    for name, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_NOFILE, 256),
        (resource.RLIMIT_NPROC, MAX_TASKS),
    ):
        hard = resource.getrlimit(name)[1]
        least = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(name, (least, least))
    libc = ctypes.CDLL(None, use_errno=True)
    if hasattr(libc, "mallopt"):  # else each thread reserves 64 MiB of addresses
        libc.mallopt(_ARENA_MAX, 2)
    if libc.prctl(confine.NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return []
    known = _CALLS.get(platform.machine())
    if known is None:
        return []
    architecture, threads, calls = known
    program = confine.filter_program(architecture, sorted(calls), threads)
    return ["seccomp"] if confine.install(libc, program) else []
