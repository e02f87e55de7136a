"""Bring a program of one's own: build it, name it, run it, see it refused.

The program is twenty lines of WebAssembly that tell how many rows a table has,
and nothing when there are fewer than k. Its closure's digest is what agencies
approve on the ledger and what a grant names; here the runner is called
directly, as a node does it after all that.

    python examples/09_own_module.py
"""

from __future__ import annotations

import hashlib

from wasmtime import wat2wasm

from privshare.errors import RunRefused
from privshare.jobs.wasm import closure, frame, run
from privshare.jobs.wasm.closure import Closure
from privshare.jobs.wasm.frame import Series
from privshare.wire.digest import digest_text

#: `alloc` finds room for input, `run` works, `output` says where the answer is.
#: Both the parameters and a frame's header end with a number and a brace:
#: {"k":5} and {"columns":[...],"rows":123}. The answer is cut from the header.
LISTING = """
(module
  (memory (export "memory") 2)
  (global $heap (mut i32) (i32.const 1024))
  (global $start (mut i32) (i32.const 0))
  (global $end (mut i32) (i32.const 0))
  (func (export "alloc") (param $n i32) (result i32) (local $p i32)
    (local.set $p (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
    (global.set $heap (i32.add (local.get $p) (local.get $n)))
    (block $enough (loop $more
      (br_if $enough
        (i32.le_u (global.get $heap) (i32.shl (memory.size) (i32.const 16))))
      (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))
      (return (i32.const 0))))
    (local.get $p))
  (func $number_before (param $end i32) (result i32)
    (local $p i32) (local $unit i32) (local $sum i32) (local $digit i32)
    (local.set $p (i32.sub (local.get $end) (i32.const 2)))
    (local.set $unit (i32.const 1))
    (loop $next
      (local.set $digit (i32.sub (i32.load8_u (local.get $p)) (i32.const 48)))
      (if (i32.gt_u (local.get $digit) (i32.const 9)) (then (return (local.get $sum))))
      (local.set $sum
        (i32.add (local.get $sum) (i32.mul (local.get $digit) (local.get $unit))))
      (local.set $unit (i32.mul (local.get $unit) (i32.const 10)))
      (local.set $p (i32.sub (local.get $p) (i32.const 1)))
      (br $next))
    (unreachable))
  (func (export "run")
    (param $text i32) (param $size i32) (param $frame i32) (param i32) (result i32)
    (local $p i32)
    (global.set $end (i32.add
      (i32.add (local.get $frame) (i32.const 16))
      (i32.load offset=8 (local.get $frame))))
    (if (i32.lt_u
          (call $number_before (global.get $end))
          (call $number_before (i32.add (local.get $text) (local.get $size))))
      (then (return (i32.const 5))))
    (local.set $p (global.get $end))
    (loop $back
      (local.set $p (i32.sub (local.get $p) (i32.const 1)))
      (br_if $back (i32.ne (i32.load8_u (local.get $p)) (i32.const 44))))
    (i32.store8 (local.get $p) (i32.const 123))
    (global.set $start (local.get $p))
    (i32.const 0))
  (func (export "output") (result i32) (global.get $start))
  (func (export "output_size") (result i32)
    (i32.sub (global.get $end) (global.get $start))))
"""

#: The same, and it would like to know the time.
CURIOUS = LISTING.replace(
    "(module", '(module (import "wasi_snapshot_preview1" "clock_time_get" (func))', 1
)


def name(listing: str) -> tuple[bytes, Closure]:
    """Assemble a module and name everything that decides what it does."""
    binary = bytes(wat2wasm(listing))
    digest = hashlib.sha256(binary).digest()
    return binary, Closure(digest, "privshare-frame/v1", "stacked")


def main() -> None:
    """Run it over two agencies' tables, then see three refusals."""
    binary, program = name(LISTING)
    digest = program.digest()
    print(f"{len(binary)} bytes; to be listed as {digest_text(digest)}")

    tables = [
        frame.encode([Series("age", "int", (41, 17, None, 63))]),
        frame.encode([Series("age", "int", (29, 55))]),
    ]
    listed = {digest}  # what a node asks its ledger for
    closure.check_listed(program, listed)
    outcome = run.run(binary, program, tables, {}, k=5, seed=digest)
    print(f"{outcome.output.decode()} for {outcome.fuel} fuel in {outcome.sandbox}")
    assert outcome.output == b'{"rows":6}'
    again = run.run(binary, program, tables, {}, k=5, seed=digest)
    assert (again.output, again.fuel) == (outcome.output, outcome.fuel)

    curious, curious_program = name(CURIOUS)
    for claim, attempt in {
        "fewer rows than k": lambda: run.run(
            binary, program, tables, {}, k=7, seed=digest
        ),
        "a clock": lambda: run.run(
            curious, curious_program, tables, {}, k=5, seed=digest
        ),
        "not listed": lambda: closure.check_listed(curious_program, listed),
    }.items():
        try:
            attempt()
        except RunRefused as refused:
            print(f"  {claim}: {refused.detail['rule']}: {refused.message}")
        else:
            raise SystemExit(f"{claim}: was run")


if __name__ == "__main__":
    main()
