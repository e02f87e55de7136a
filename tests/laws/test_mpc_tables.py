"""Programs on tables: what joins and order statistics say, and what they refuse."""

from __future__ import annotations

import os
import random
import resource
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mpc_program_kit import DATASET, KEYS, asked, category, number, ran, same

from privshare.errors import EncodingError, OutOfRange, PrivShareError
from privshare.jobs.mpc import aes, catalogue, circuits
from privshare.jobs.mpc.link import run3
from privshare.jobs.mpc.party import Party
from privshare.jobs.mpc.pieces import expand, split
from privshare.jobs.mpc.programs.join_run import matches
from privshare.jobs.mpc.ring import Shared
from privshare.jobs.mpc.shuffle import shuffle

LONG = os.environ.get("PRIVSHARE_LONG") == "1"
TAX, EDU = "tax/returns", "edu/degrees"
FIELDS = list("abcdefghijklmnop")


def at_nodes(values: np.ndarray[Any, Any], work: Any) -> list[Any]:
    """Deal values, and run work(party, shares) at three nodes."""
    parts = split(values.astype(np.uint64), b"\1" * 32, b"\2" * 32)
    dealt = [expand(i, part, len(values), 64) for i, part in enumerate(parts)]

    def node(link: Any) -> Any:
        i = link.index
        party = Party(link, KEYS[i], KEYS[(i + 1) % 3])
        return work(party, Shared(dealt[i], dealt[(i + 1) % 3]))

    return run3(node)


def bytes_of(rows: np.ndarray[Any, Any], n: int) -> bytes:
    """Blocks from 128 rows, 16·b + i for bit b of byte i."""
    bits = np.unpackbits(rows.view(np.uint8), axis=1, bitorder="little")[:, :n]
    cube = bits.reshape(8, 16, n).transpose(2, 1, 0)
    return np.packbits(np.ascontiguousarray(cube), axis=2, bitorder="little").tobytes()


@pytest.mark.parametrize(
    ("n", "n_bits"), [(1, 1), (64, 37), (131, 64), (70, 65), (9, 128)]
)
def test_aes_on_shares_is_aes(n: int, n_bits: int) -> None:
    """As OpenSSL's, under the key that the nodes would have had to open."""
    drawn = random.Random(n)
    ids = [drawn.getrandbits(n_bits) for _ in range(n)]

    def work(party: Party, x: Shared) -> Any:
        keys = aes.draw_key(party)
        blocks = aes.blocks_of(party, x.reshape(2, n), n_bits)
        out = party.open_bits(aes.encrypt(party, keys, blocks))
        return bytes_of(out, n), bytes_of(party.open_bits(keys[0]), 1)

    halves = [one % 2**64 for one in ids] + [one >> 64 for one in ids]
    found, key = at_nodes(np.array(halves, np.uint64), work)[0]
    cipher = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    plain = b"".join(one.to_bytes(16, "little") for one in ids)
    assert cipher.update(plain) == found


def test_the_sbox_has_no_exception() -> None:
    """All 256 bytes: AES of each as first byte, one key."""
    everything = np.arange(256, dtype=np.uint64)

    def work(party: Party, x: Shared) -> Any:
        bits = party.low_bits(x, 8)
        out = circuits.sbox(party, [bits[b] for b in range(8)])
        return party.open_bits(out[0].stack(*out[1:]))

    rows = at_nodes(everything, work)[0]
    found = np.unpackbits(rows.view(np.uint8), axis=1, bitorder="little")
    values = np.packbits(found.T, axis=1, bitorder="little").ravel()
    # FIPS 197, figure 7: the corners, and that it is a permutation.
    assert [values[0], values[1], values[255]] == [0x63, 0x7C, 0x16]
    assert sorted(values.tolist()) == list(range(256))


@pytest.mark.parametrize("n", [1, 63, 65, 20_000])
def test_ones_are_counted(n: int) -> None:
    """Three rows of bits, few and many."""
    drawn = np.random.default_rng(n).integers(0, 8, n)

    def work(party: Party, x: Shared) -> Any:
        return party.open(circuits.popcount(party, party.low_bits(x, 3)))

    expected = [int((drawn >> bit & 1).sum()) for bit in range(3)]
    assert expected == at_nodes(drawn, work)[0].tolist()


def test_a_shuffle_keeps_rows_together_and_moves_them() -> None:
    """The same rows, in another order."""
    values = np.arange(400, dtype=np.uint64)

    def work(party: Party, x: Shared) -> Any:
        return party.open(shuffle(party, x.reshape(2, 200)))

    first, second = at_nodes(values, work)[0]
    assert (first + 200 == second).all()
    assert sorted(first.tolist()) == list(range(200))
    assert first.tolist() != list(range(200))


def test_texts_are_joined() -> None:
    """Identifiers of any letters; an empty one is refused, with column and rows."""
    parameters = joined()
    of = parameters["columns"][0]["from"]
    parameters["columns"][0] = {"name": "citizen", "from": of, "text": True}
    plain = tables([(10, 1)] * 4, [(1, 0), (2, 1), (3, 1), (4, 2)])
    plain[TAX]["id"] = ["é-1", "AB 2", "é-1", "nobody"]
    plain[EDU]["person"] = ["AB 2", "é-1", "ab 2", "é" * 99]
    program = catalogue.find("join_group_sum")
    found = same(program, {**parameters, "complementary": False}, plain)
    rows = [one.get("rows") for one in found.document["groups"]]
    assert rows == [1, 2, None]
    for cell, why in (("", "empty"), (None, "empty"), (7, "other"), ("\ud800", "UTF")):
        plain[TAX]["id"][0] = cell
        with pytest.raises(EncodingError, match=rf"column id.*{why}") as caught:
            ran(program, program.plan(parameters, {TAX: 4, EDU: 4}, 1), plain)
        assert caught.value.detail["rows"] == 4


class Altered:
    """A queue of messages in which one has a bit turned."""

    def __init__(self, inner: Any, number: int) -> None:
        self.inner, self.number, self.get = inner, number, inner.get

    def put(self, item: tuple[str, bytes]) -> None:
        """Pass it on, or another one."""
        label, raw = item
        if self.number == 0:
            raw = raw[:-1] + bytes([raw[-1] ^ 1])
        self.number -= 1
        self.inner.put((label, raw))


@pytest.mark.parametrize("program", ["join_group_sum", "quantile"])
def test_an_altered_message_is_found_before_anything_leaves(program: str) -> None:
    """Any message: an opening that differs, a message too few, or the transcript."""
    found = catalogue.find(program)
    if program == "quantile":
        plan = found.plan(asked([COLUMN], value="v", quantiles=[500]), {DATASET: 9}, 1)
    else:
        plan = found.plan(joined(), {TAX: 9, EDU: 9}, 1)
    drawn = random.Random(program)
    for _ in range(12):
        sender, number = drawn.randrange(3), drawn.randrange(60)

        def node(link: Any, sender: int = sender, number: int = number) -> None:
            pair = (sender, (sender + 2) % 3)
            if link.index == sender:
                link._boxes[pair] = Altered(link._boxes[pair], number)
            i = link.index
            party = Party(link, KEYS[i], KEYS[(i + 1) % 3])
            inputs = {
                dataset: party.public(list(range(10, 10 + n)))
                for dataset, n in plan.elements.items()
            }
            found.run(party, plan, inputs)
            link.settle()

        with pytest.raises(PrivShareError) as caught:
            run3(node, 1.0)
        assert caught.value.detail["rule"].startswith("mpc.")


def test_pseudonyms_that_begin_alike_are_told_apart() -> None:
    """Matching looks at both words."""
    unique = np.array([[5, 1], [5, 2], [5, 3], [9, 1]], np.uint64)
    many = np.array([[5, 3], [5, 4], [9, 1], [5, 1], [4, 1]], np.uint64)
    places, repeated = matches(many, unique)
    assert (places.tolist(), repeated) == ([2, -1, 3, 0, -1], 0)


def joined(groups: int = 3, **more: Any) -> dict[str, Any]:
    """What a join is asked."""
    high = more.pop("high", 10**9)
    columns = [
        number("citizen", 10, 10**11, of={TAX: "id", EDU: "person"}),
        number("income", -100, high, 2, of={TAX: "income"}),
        category("field", FIELDS[:groups], of={EDU: "degree"}),
    ]
    told = {"key": "citizen", "value": "income", "group": "field"}
    return asked(columns, **{"rows": {"kind": "joined"}, **told, **more})


def tables(
    taxes: list[tuple[int, int]], degrees: list[tuple[int, int]]
) -> dict[str, dict[str, list[Any]]]:
    """Rows as the columns of both datasets."""
    return {
        TAX: {"id": [one for one, _ in taxes], "income": [x for _, x in taxes]},
        EDU: {
            "person": [one for one, _ in degrees],
            "degree": [FIELDS[x] for _, x in degrees],
        },
    }


PEOPLE = st.one_of(st.integers(10, 30), st.sampled_from([10**11, 10**11 - 1]))
TAXES = st.lists(
    st.tuples(PEOPLE, st.sampled_from([-100, 0, 1, 77, 10**9])), min_size=3, max_size=40
)
DEGREES = st.lists(
    st.tuples(PEOPLE, st.integers(0, 2)),
    min_size=3,
    max_size=16,
    unique_by=lambda x: x[0],
)
NOBODY = [(20, 1), (21, 0), (22, 2)]


@settings(max_examples=15, deadline=None)
@example(taxes=[(10, 5)] * 70, degrees=NOBODY, k=1, complementary=True)
@example(taxes=[(20, 5)] * 70, degrees=NOBODY, k=1, complementary=False)
@example(
    taxes=[(20, 5), (21, -100), (22, 10**9)], degrees=NOBODY, k=1, complementary=True
)
@given(taxes=TAXES, degrees=DEGREES, k=st.integers(1, 3), complementary=st.booleans())
def test_a_join_says_what_its_reference_says(
    taxes: list[tuple[int, int]],
    degrees: list[tuple[int, int]],
    k: int,
    complementary: bool,
) -> None:
    """No match, all match, many rows of one person, empty and small groups."""
    asked_for = joined(complementary=complementary)
    same(catalogue.find("join_group_sum"), asked_for, tables(taxes, degrees), k)


@pytest.mark.parametrize("groups", [2, 16])
def test_a_join_of_more_rows(groups: int) -> None:
    """Some thousand rows; what is sent is as estimated, within a fifth."""
    drawn = random.Random(groups)
    people = drawn.sample(range(10, 3000), 900)
    taxes = [(drawn.randint(10, 3000), drawn.randint(-100, 10**9)) for _ in range(3000)]
    degrees = [(one, drawn.randrange(groups)) for one in people]
    program = catalogue.find("join_group_sum")
    found = same(program, joined(groups), tables(taxes, degrees), 5)
    plan = program.plan(joined(groups), {TAX: 3000, EDU: 900}, 5)
    assert plan.cost.rounds == pytest.approx(found.rounds, rel=0.2)
    assert plan.cost.bytes == pytest.approx(found.bytes, rel=0.2)


def test_a_person_twice_in_the_second_table_is_refused() -> None:
    """At the nodes, and by the reference: with how many persons."""
    plain = tables(
        [(10, 1)] * 4, [(10, 0), (11, 1), (10, 1), (10, 2), (12, 1), (12, 0)]
    )
    program = catalogue.find("join_group_sum")
    plan = program.plan(joined(), {TAX: 4, EDU: 6}, 1)
    for work in (program.reference, lambda p, x: ran(program, p, x)):
        with pytest.raises(EncodingError, match=r"column person.*2 of them") as caught:
            work(plan, plain)
        assert caught.value.detail["rule"] == "mpc.duplicates"


@pytest.mark.parametrize(
    ("change", "rows", "named"),
    [
        ({"high": 1 << 52}, {TAX: 1 << 20, EDU: 5}, "column income"),
        ({}, {TAX: 2, EDU: 5}, TAX),
        ({}, {TAX: 9, EDU: 1 << 40}, EDU),
        ({"key": "income"}, {TAX: 9, EDU: 9}, "column"),
        ({"value": "field"}, {TAX: 9, EDU: 9}, "column .field"),
        ({"rows": {"kind": "appended"}}, {TAX: 9, EDU: 9}, "rows.kind"),
        ({}, {TAX: 9, EDU: 9, "other/one": 9}, "column"),
        ({"unknown": 1}, {TAX: 9, EDU: 9}, "unknown"),
    ],
)
def test_what_cannot_be_joined_is_refused_before(
    change: dict[str, Any], rows: dict[str, int], named: str
) -> None:
    """The plan names column or dataset."""
    with pytest.raises(PrivShareError, match=named):
        catalogue.find("join_group_sum").plan(joined(**change), rows, 3)


def test_cells_out_of_range_are_refused_by_their_owner() -> None:
    """The column is named; values, and how many there are, are not."""
    program = catalogue.find("join_group_sum")
    plan = program.plan(joined(), {TAX: 3, EDU: 3}, 1)
    with pytest.raises(OutOfRange, match=r"column id.*among 3 rows") as caught:
        ran(program, plan, tables([(9, 1), (10, 1), (11, 1)], NOBODY))
    assert "9" not in str(caught.value).split("found")[1]


COLUMN = number("v", -7, 2**20, 2)


@settings(max_examples=8, deadline=None)
@example(values=[-7], wanted=[500], k=1)
@example(values=[5] * 65, wanted=[1, 999], k=1)
@example(values=[-7] * 63 + [2**20], wanted=[250, 500, 999], k=2)
@given(
    values=st.lists(
        st.one_of(st.integers(-7, 2**20), st.sampled_from([-7, 0, 2**20])),
        min_size=3,
        max_size=90,
    ),
    wanted=st.sets(st.integers(1, 999), min_size=1, max_size=3).map(sorted),
    k=st.integers(1, 3),
)
def test_quantiles_and_largest_are_the_references(
    values: list[int], wanted: list[int], k: int
) -> None:
    """Ties, one value, the ends of the range; a threshold that few reach."""
    plain = {DATASET: {"v": values}}
    parameters = asked([COLUMN], value="v", quantiles=wanted)
    same(catalogue.find("quantile"), parameters, plain, min(k, len(values)))
    largest = min(len(values), len(wanted))
    for at_least in (-7, 1000, 2**20):
        parameters = asked([COLUMN], value="v", largest=largest, at_least=at_least)
        same(catalogue.find("top_k"), parameters, plain)


@pytest.mark.parametrize("rows", [40, 1000, 20_000])
def test_order_statistics_send_what_was_estimated(rows: int) -> None:
    """Rounds and bytes within a fifth."""
    drawn = random.Random(rows)
    plain = {DATASET: {"v": [drawn.randint(-7, 2**20) for _ in range(rows)]}}
    for name, more in (
        ("quantile", {"quantiles": [250, 500, 750]}),
        ("top_k", {"largest": 10, "at_least": 2**19}),
    ):
        parameters = asked([COLUMN], value="v", **more)
        found = same(catalogue.find(name), parameters, plain)
        cost = catalogue.find(name).plan(parameters, {DATASET: rows}, 1).cost
        assert cost.rounds == pytest.approx(found.rounds, rel=0.2)
        assert cost.bytes == pytest.approx(found.bytes, rel=0.2)


@pytest.mark.parametrize(
    ("name", "more", "named"),
    [
        ("quantile", {"quantiles": []}, "quantiles"),
        ("quantile", {"quantiles": [500, 500]}, "quantiles"),
        ("quantile", {"quantiles": [0]}, "quantiles"),
        ("quantile", {"quantiles": [1000]}, "quantiles"),
        ("quantile", {"quantiles": [True]}, "quantiles"),
        ("quantile", {"quantiles": "all"}, "quantiles"),
        ("top_k", {"largest": 6, "at_least": 0}, "largest"),
        ("top_k", {"largest": 65, "at_least": 0}, "largest"),
        ("top_k", {"largest": 2, "at_least": -8}, "at_least"),
    ],
)
def test_ranks_that_are_none_are_refused(
    name: str, more: dict[str, Any], named: str
) -> None:
    """Before the run, by name."""
    with pytest.raises(PrivShareError, match=named):
        catalogue.find(name).plan(asked([COLUMN], value="v", **more), {DATASET: 5}, 1)


@pytest.mark.parametrize(
    "elements", [[1, 1, 0, 9], [1, 1, 9, 4], [0, 1, 0, 9], [2, 0, 9, 0]]
)
def test_a_result_that_no_run_gives_is_refused(elements: list[int]) -> None:
    """Below the threshold, or told in another order."""
    program = catalogue.find("top_k")
    parameters = asked([COLUMN], value="v", largest=2, at_least=5)
    plan = program.plan(parameters, {DATASET: 5}, 1)
    with pytest.raises(PrivShareError, match="top_k"):
        program.decode(plan, elements)


@pytest.mark.skipif(
    not LONG, reason="long form: 1,000,000 x 100,000 rows; set PRIVSHARE_LONG=1"
)
def test_students_and_taxes() -> None:
    """A million rows with a hundred thousand: 120 CPU seconds and 2 GB a node."""
    many, people = 1_000_000, 100_000
    drawn = np.random.default_rng(5)
    ids = drawn.permutation(3 * people)[:people] + 10
    codes = drawn.integers(0, 16, people)
    of = drawn.integers(10, 3 * people + 10, many)
    income = drawn.integers(-100, 10**9, many)
    plain: dict[str, dict[str, Any]] = {
        TAX: {"id": of, "income": income},
        EDU: {"person": ids, "degree": [FIELDS[code] for code in codes]},
    }
    program = catalogue.find("join_group_sum")
    plan = program.plan(joined(16), {TAX: many, EDU: people}, 5)
    found = ran(program, plan, plain)
    group = np.full(3 * people + 10, -1)
    group[ids] = codes
    for code in range(16):
        mine = group[of] == code
        assert int(mine.sum()) == found.outputs[48 + code]
        assert int(income[mine].sum()) == found.outputs[32 + code]
    assert found.seconds < 120
    # All three nodes live in this process.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 3 * 2 * 1024**2
