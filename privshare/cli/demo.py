"""`privshare demo`: three bureaus share on this computer; nothing leaves it."""

from __future__ import annotations

import json
import shutil
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer

from privshare.demo.narrator import Narrator, Silent, Terminal
from privshare.errors import ConfigError

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
)

_MARK = ".privshare-demo"
_ROWS, _FAST_ROWS = 720, 180
_signals: list[int] = []


@app.command()
def demo(
    fast: Annotated[bool, typer.Option("--fast", help="Fewer records.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on standard output.")
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the nodes running until Ctrl-C.")
    ] = False,
    data: Annotated[
        Path | None,
        typer.Option("--data", help="Play on your own CSV files: 3 to 6 in a folder."),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", help="Folder to leave the receipts in.")
    ] = Path("privshare-demo"),
    rows: Annotated[
        int | None,
        typer.Option("--rows", min=20, max=1_000_000, help="Made-up homes."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of the made-up homes.")] = 2026,
) -> int:
    """Start four real nodes on loopback and let three bureaus share."""
    # Heavy imports wait until the options are known to be good.
    from privshare.demo.cluster import Cluster  # noqa: PLC0415 - lazy
    from privshare.demo.scene import from_folder, made_up  # noqa: PLC0415 - lazy
    from privshare.demo.story import BUNDLE_FILE, Story  # noqa: PLC0415 - lazy

    begun = time.monotonic()
    tell: Narrator = Silent() if as_json else Terminal()
    scene = (
        made_up(rows or (_FAST_ROWS if fast else _ROWS), seed)
        if data is None
        else from_folder(data)
    )
    _clear(out)
    tell.title(
        "PrivShare demo: three bureaus on this computer. Nothing leaves 127.0.0.1."
    )
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    with Cluster(out / "nodes", [b.agency for b in scene.bureaus]) as cluster:
        story = Story(scene, cluster, out / "receipts", tell, _heed)
        ok = story.run()
        seconds = time.monotonic() - begun
        if as_json:
            _report(ok, seconds, story)
        else:
            tell.title(f"\n{'Done' if ok else 'Stopped'} in {seconds:.1f} s.")
        if ok and not as_json:
            _what_next(tell, out, story.receipts, BUNDLE_FILE)
        if keep and ok:
            _keep(cluster, as_json)
    return 0 if ok else 1


def _clear(out: Path) -> None:
    """Make the folder, or empty one that an earlier demonstration left."""
    if out.exists():
        if not out.is_dir() or (any(out.iterdir()) and not (out / _MARK).exists()):
            raise ConfigError(
                f"expected an empty folder or one of an earlier demo, found {out}",
                fix="choose another folder with --out",
            )
        shutil.rmtree(out)
    out.mkdir(parents=True)
    (out / _MARK).write_text("made by privshare demo; safe to delete\n")


def _report(ok: bool, seconds: float, story: object) -> None:
    from privshare.demo.story import Story  # noqa: PLC0415 - lazy

    assert isinstance(story, Story)
    document = {
        "ok": ok,
        "seconds": round(seconds, 3),
        "steps": [
            {
                "name": step.name,
                "ok": step.ok,
                "seconds": round(step.seconds, 3),
                "detail": step.detail,
            }
            for step in story.steps
        ],
        "receipts": [str(path) for path in story.receipts],
    }
    print(json.dumps(document), flush=True)


def _what_next(tell: Narrator, out: Path, receipts: list[Path], bundle: str) -> None:
    folder = out / "receipts"
    total = next((path for path in receipts if path.stem[3:] == "sum"), receipts[-1])
    tell.say(f"{len(receipts)} receipts in {folder}, all of it in {out / bundle}. Try:")
    for command in (
        f"privshare verify {total}",
        f"privshare verify --explain {folder}",
        "privshare demo --keep",
        "privshare demo --data DIR   (your own CSV files)",
    ):
        tell.say(f"  {command}")


def _keep(cluster: object, as_json: bool) -> None:
    from privshare.demo.cluster import Cluster  # noqa: PLC0415 - lazy

    assert isinstance(cluster, Cluster)
    out = sys.stderr if as_json else sys.stdout
    print("\nThe nodes keep running:", file=out)
    for member in cluster.members.values():
        print(f"  {member.agency:12} {member.url}", file=out)
        for role, file in member.people.items():
            print(f"  {'':12} {role}'s key: {file}", file=out)
    print(f"  passphrase of every key: {cluster.passphrase}", file=out)
    print("Ctrl-C stops them.", file=out, flush=True)
    try:
        while True:
            _heed()
            time.sleep(0.5)
    finally:
        print("stopped", file=out)


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    """Unwind, so that every node is stopped."""
    _signals.append(number)
    raise SystemExit(128 + number)


def _heed() -> None:
    """Leave after all, where the interpreter swallowed it (in a hook of fork)."""
    if _signals:
        raise SystemExit(128 + _signals[0])
