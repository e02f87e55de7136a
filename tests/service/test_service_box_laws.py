"""Boxes obey the same laws in a folder and at nodes.

Two stores of each kind, of an owner and of a scientist, do the same steps; a
model says what has to come of each.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from box_kit import ADA, BO, STEWARD, Two, make_two
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from privshare.bridge.store import OPENED, Box, FolderStore, Kind, Store
from privshare.errors import EncodingError, NotPermitted, OutOfRange, PrivShareError
from privshare.jobs.submission import box as rules

PLACES = ("folder", "nodes")
Pair = dict[str, Store]

# What a path, a URL, a database or JSON might stumble over.
ODD = (
    "/",
    "//" * 100,
    ".",
    "..",
    "../../etc/passwd",
    ".hidden",
    "=",
    "x=/y",
    "a b+c%2E",
    "%",
    "%2F",
    "?a=1&b=2#c",
    "\x00",
    "\n\r\t",
    "é" * 100,
    "\U0001f511" * 50,
    "x" * 200,
    "." * 200,
    "x" * 199 + ".",
    "'; drop table blob; --",
)
NAMES = st.one_of(
    st.sampled_from(("a", "b", "c/d", *ODD)),
    st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=50),
)
BOXES = st.sampled_from(
    [
        Box("private", STEWARD, "state"),
        Box("private", ADA, "state"),
        Box("inbox", STEWARD, ADA),
        Box("inbox", ADA, STEWARD),
        Box("outbox", STEWARD, ADA),
        Box("shown", STEWARD, ADA),
        Box("shown", ADA, STEWARD),
        Box("shown", STEWARD, BO),
    ]
)
STEP = st.tuples(
    st.sampled_from((STEWARD, ADA)),
    st.sampled_from(("put", "get", "names", "drop", "others")),
    BOXES,
    NAMES,
    st.binary(max_size=40),
)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    """Two nodes, and three accounts that are enrolled."""
    made = make_two(tmp_path_factory.mktemp("boxes"))
    made.enrol(STEWARD, "registrar")
    for account in (ADA, BO):
        made.enrol(account, "title")
    yield made
    made.close()


@pytest.fixture
def places(two: Two, tmp_path: Path) -> dict[str, Pair]:
    """The stores of both kinds, everybody signed in."""
    found: dict[str, Pair] = {
        "folder": {one: FolderStore(tmp_path, one) for one in (STEWARD, ADA)},
        "nodes": {STEWARD: two.store(STEWARD, "steward"), ADA: two.store(ADA)},
    }
    for pair in found.values():
        sign_in(two, pair)
    return found


def sign_in(two: Two, pair: Pair) -> None:
    """Each account shows its enrolment, to its own node and to the other."""
    for account in (STEWARD, ADA):
        box = Box("private", account, "state")
        pair[account].put(box, OPENED, two.document(account))
    for account, other in ((STEWARD, ADA), (ADA, STEWARD)):
        box = Box("inbox", other, account)
        pair[account].put(box, OPENED, two.document(account))


class Model:
    """What boxes hold, in a dictionary."""

    def __init__(self) -> None:
        self.files: dict[tuple[Box, str], bytes] = {}

    def do(self, who: str, verb: str, box: Box, name: str, data: bytes) -> Any:
        """What a step comes to; NotPermitted where it may not be."""
        if verb == "others":
            return self.others(who, box.kind)
        may = box.may_drop(who) if verb == "drop" else box.may(who, verb == "put")
        if not may:
            return NotPermitted
        match verb:
            case "put":
                self.files[box, name] = data
            case "get":
                return self.files.get((box, name))
            case "names":
                return sorted(one for of, one in self.files if of == box)
            case "drop":
                self.files.pop((box, name), None)
        return None

    def others(self, who: str, kind: Kind) -> list[str]:
        """The other ends."""
        boxes = {box for box, _ in self.files if box.kind == kind}
        if kind in ("shown", "outbox"):
            return sorted(box.owner for box in boxes if box.other == who)
        return sorted(box.other for box in boxes if box.owner == who)


def did(store: Store, verb: str, box: Box, name: str, data: bytes) -> Any:
    """What a store makes of a step."""
    try:
        match verb:
            case "put":
                return store.put(box, name, data)
            case "get":
                return store.get(box, name)
            case "names":
                return store.names(box)
            case "drop":
                return store.drop(box, name)
        return store.others(box.kind)
    except PrivShareError as error:
        return type(error)


def empty(pair: Pair) -> None:
    """Take everything out but what accounts began with."""
    for account, store in pair.items():
        for kind, others in (
            ("private", ("state",)),
            ("inbox", (STEWARD, ADA)),
            ("outbox", (STEWARD, ADA, BO)),
            ("shown", (STEWARD, ADA, BO)),
        ):
            for other in others:
                box = Box.of(kind, account, other)
                for name in store.names(box):
                    if name != OPENED:
                        store.drop(box, name)


@pytest.mark.parametrize("place", PLACES)
@settings(
    max_examples=30,
    suppress_health_check=[*HealthCheck],
)
@given(steps=st.lists(STEP, max_size=12))
def test_steps_come_to_what_the_model_says(
    places: dict[str, Pair], place: str, steps: list[Any]
) -> None:
    """Put, get, names, drop and others, in any order, with any name."""
    pair, model = places[place], Model()
    empty(pair)
    for account, store in pair.items():
        for box in (
            Box("private", account, "state"),
            Box("inbox", account, ADA if account == STEWARD else STEWARD),
        ):
            for name in store.names(box):
                model.files[box, name] = b""
    for who, verb, box, name, data in steps:
        expected = model.do(who, verb, box, name, data)
        assert did(pair[who], verb, box, name, data) == expected, (who, verb, box)


@pytest.mark.parametrize("place", PLACES)
def test_any_name_is_a_name(places: dict[str, Pair], place: str) -> None:
    """Names that lead elsewhere lead nowhere."""
    store, box = places[place][ADA], Box("inbox", STEWARD, ADA)
    for name in ODD:
        store.put(box, name, name.encode())
    owner = places[place][STEWARD]
    assert owner.names(box) == sorted({*ODD, OPENED})
    assert [owner.get(box, one) for one in ODD] == [one.encode() for one in ODD]


@pytest.mark.parametrize("place", PLACES)
def test_bounds(places: dict[str, Pair], place: str) -> None:
    """Names and files have bounds; what is at the bound is taken."""
    store, box = places[place][ADA], Box("private", ADA, "state")
    for name in ("", "x" * 201, "é" * 101, "\ud800"):
        for verb in ("put", "get", "drop"):
            assert did(store, verb, box, name, b"") is EncodingError
    whole = bytes(rules.MAX_FILE)
    store.put(box, "x" * 200, whole)
    assert store.get(box, "x" * 200) == whole
    store.put(box, "empty", b"")
    assert store.get(box, "empty") == b""
    assert did(store, "put", box, "more", whole + b"1") is OutOfRange
    assert store.get(box, "more") is None
    shown = Box("shown", STEWARD, ADA)
    places[place][STEWARD].put(shown, "whole", whole)
    assert store.get(shown, "whole") == whole  # from the other node
    store.put(Box("inbox", STEWARD, ADA), "whole", whole)


@pytest.mark.parametrize("place", PLACES)
def test_a_reader_sees_the_old_file_or_the_new_one(
    places: dict[str, Pair], place: str
) -> None:
    """Replacing is one step, from whichever thread one looks."""
    pair, box = places[place], Box("shown", STEWARD, ADA)
    files = [bytes([i]) * 200_000 for i in range(6)]
    pair[STEWARD].put(box, "file", files[0])

    def write() -> None:
        for data in files:
            pair[STEWARD].put(box, "file", data)

    with ThreadPoolExecutor(4) as pool:
        writing = pool.submit(write)
        seen = [pool.submit(pair[ADA].get, box, "file") for _ in range(12)]
        assert all(one.result() in files for one in seen)
        writing.result()
    assert pair[ADA].get(box, "file") == files[-1]


@pytest.mark.parametrize("place", PLACES)
def test_many_files_are_all_listed(places: dict[str, Pair], place: str) -> None:
    """A list that takes several answers is whole and in order."""
    store, box = places[place][STEWARD], Box("private", STEWARD, "many")
    names = [f"{i:04d}/é" for i in range(1100)] if place == "folder" else None
    names = names or [f"{i:04d}" for i in range(1100)]
    for name in names:
        store.put(box, name, b"")
    assert store.names(box) == names
    for name in names:
        store.drop(box, name)
    assert store.names(box) == []


def test_what_has_the_form_of_an_account() -> None:
    """Accounts are visible text and no paths."""
    for account in ("", ".", "..", "a/b", "a\nb", "x" * 121, "é" * 61, "\ud800"):
        with pytest.raises(EncodingError):
            Box("private", account, "state")
    with pytest.raises(EncodingError):
        Box.of("public", ADA, "state")
