"""What may leave is few, plain, counted, rounded, and printed in one way."""

from __future__ import annotations

import doctest
import importlib
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from noise_kit import Stream

from privshare.errors import PrivShareError, RunRefused
from privshare.jobs.submission.gate import GateRule, Noise, check_released, release
from privshare.wire.canonical import b64u, decode, encode

PLAIN = GateRule(k=1)
TEN = GateRule(k=10, count="n")
NOISY = GateRule(
    k=10,
    count="n",
    noise=Noise(epsilon=1_000_000, sensitivity=3, fields=("n", "sum")),
)


def rule_of(outputs: dict[str, bytes], rule: GateRule = PLAIN) -> str:
    """The rule that refuses these outputs; it shows nothing of them."""
    with pytest.raises(RunRefused) as refused:
        release(outputs, rule)
    assert "secret" not in refused.value.message + refused.value.fix
    with pytest.raises(RunRefused):
        check_released(outputs, rule)
    return str(refused.value.detail["rule"])


@pytest.mark.parametrize(
    ("data", "printed"),
    [
        (b"a,b\n1,x\n", b"a,b\n1,x\n"),
        (b'\xef\xbb\xbfb,a\r\n"x",1.0\r\n', b"a,b\n1,x\n"),
        (b'"b","a"\r\n"x","1.00000000001e0"', b"a,b\n1,x\n"),
        (b"n\n3\n1\n-0.0\n2e1\n", b"n\n0\n1\n3\n20\n"),
        (b"n\n0.1234567891\n1e-15\n4e-16\n", b"n\n0\n0.000000000000001\n0.123456789\n"),
        (b"n\n123456789012\n1e17\n", b"n\n123456789000\n100000000000000000\n"),
        (b"t\nz\n\xc3\xa9\n2\n\n"[:-1] + b'""\n', b't\n""\n2\nz\n\xc3\xa9\n'),
        (b't\n"a,""b"""\n007\n', b't\n007\n"a,""b"""\n'),
        (b"a,b\n,1\n", b"a,b\n,1\n"),
        (b"a\n", b"a\n"),
    ],
)
def test_csv_is_printed_in_one_way(data: bytes, printed: bytes) -> None:
    """Spelling, order, quotes and long tails are not the program's to choose."""
    assert release({"a.csv": data}, PLAIN) == {"a.csv": printed}
    check_released({"a.csv": printed}, PLAIN)


@pytest.mark.parametrize(
    ("data", "printed"),
    [
        (b' {"b": 1.50, "a": "x"} ', b'{"a":"x","b":1.5}'),
        (b'[{"n": 2}, {"n": 1e0}]\n', b'[{"n":1},{"n":2}]'),
        (
            b'[{"a":true,"b":null},{"b":-0,"a":false}]',
            b'[{"a":false,"b":0},{"a":true,"b":null}]',
        ),
        (b'{"a": "\\u00e9\\"\\\\", "n": "1"}', b'{"a":"\xc3\xa9\\"\\\\","n":"1"}'),
        (b"[]", b"[]"),
        (b"{}", b"{}"),
    ],
)
def test_json_is_printed_in_one_way(data: bytes, printed: bytes) -> None:
    """One object, or a list of objects with the same keys, flat."""
    assert release({"a.json": data}, PLAIN) == {"a.json": printed}
    check_released({"a.json": printed}, PLAIN)


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "format"),
        (b"\n", "format"),
        (b"\xff", "format"),
        (b"a,b\n1\n", "format"),
        (b"a\n1\n\n2\n", "format"),
        (b'a\n"1\n', "format"),
        (b'a\n"1"2\n', "format"),
        (b"a\r1\r", "format"),
        (b"a,a\n1,2\n", "format"),
        (b"a" + b",b" * 256 + b"\n", "format"),
        (b",a\n1,2\n", "text"),
        (b"a\n=secret()\n", "text"),
        (b"a\n@secret\n", "text"),
        (b"a\n+1\n", "text"),
        (b"a\n secret\n", "text"),
        (b'a\n"two\nlines"\n', "text"),
        (b"a\ntab\there\n", "text"),
        (b"a\nnul\0\n", "text"),
        (b"a\nzero\xe2\x80\x8bwidth\n", "text"),
        (b"a\nno\xc2\xa0break\n", "text"),
        (b"a\ne\xcc\x81\n", "text"),
        (b"a\n\xf3\xa0\x81\x81\n", "text"),
        (b"a\n\xe2\x80\xaesecret\n", "text"),
        (b"a\n" + b"s" * 65 + b"\n", "text"),
        (b"a\nNaN\n", "numbers"),
        (b"a\nInfinity\n", "numbers"),
        (b"a\n1e18\n", "numbers"),
        (b"a\n1e999\n", "numbers"),
        (b"a\n999999999999999999.99\n", "numbers"),
        (b"a\n" + b"1\n" * 1001, "rows"),
        (b"a\n" + b"1,\n" * 5, "format"),
    ],
)
def test_csv_that_could_hide_something_is_refused(data: bytes, rule: str) -> None:
    """Each by its rule, without a word of it in the refusal."""
    assert rule_of({"a.csv": data}) == f"output.{rule}"


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "format"),
        (b"1", "format"),
        (b'"secret"', "format"),
        (b"null", "format"),
        (b'{"a": {"b": 1}}', "format"),
        (b'{"a": [1]}', "format"),
        (b'[{"a": 1}, {"b": 1}]', "format"),
        (b'[{"a": 1}, 1]', "format"),
        (b"[[1]]", "format"),
        (b'{"a": 1, "a": 2}', "format"),
        (b'{"a": 1} {"a": 2}', "format"),
        (b'{"a": 01}', "format"),
        (b"[" * 50_000, "format"),
        (b'{"a":' * 9_000, "format"),
        (b'{"a": NaN}', "numbers"),
        (b'{"a": -Infinity}', "numbers"),
        (b'{"a": 1e18}', "numbers"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "numbers"),
        (b'{"a": 0.' + b"1" * 61 + b"}", "numbers"),
        (b'{"a": ""}', "text"),
        (b'{"": 1}', "text"),
        (b'{"a": "\\ud800"}', "text"),
        (b'{"a": "\\u0000"}', "text"),
        (b"[" + b"{}," * 1000 + b"{}]", "rows"),
    ],
)
def test_json_that_could_hide_something_is_refused(data: bytes, rule: str) -> None:
    """Each by its rule."""
    assert rule_of({"a.json": data}) == f"output.{rule}"


@pytest.mark.parametrize(
    "name",
    [
        *("a", "a.txt", "a.CSV", ".csv", "-a.csv", "a b.csv", "../a.csv", "a.csv.csv"),
        *("secret\n.csv", "receipt.json", "Receipt.csv", "s" * 61 + ".csv", "é.csv"),
    ],
)
def test_names_of_files_are_plain(name: str) -> None:
    """And none takes the receipt's."""
    assert rule_of({name: b"a\n1\n"}) == "output.files"


def test_files_bytes_numbers_and_texts_are_counted_together() -> None:
    """Whatever they are spread over."""
    one = b"a\n1\n"
    assert rule_of({}) == "output.files"
    assert rule_of({"a.csv": one, "A.csv": one}) == "output.files"
    many = {f"{place}.csv": one for place in range(5)}
    assert rule_of(many) == "output.files"
    assert rule_of(many, replace(PLAIN, files=8, bytes=19)) == "output.size"
    assert rule_of(many, replace(PLAIN, files=8, numbers=4)) == "output.numbers"
    assert rule_of(many, replace(PLAIN, files=8, texts=9)) == "output.text"
    exact = replace(PLAIN, files=5, bytes=20, numbers=5, texts=10)
    assert release(many, exact) == many
    assert rule_of({"a.json": b"{}"}, replace(PLAIN, formats=("csv",))) == (
        "output.format"
    )
    # longer when it is printed than when it was written
    assert rule_of({"a.csv": b"a\n1e17\n"}, replace(PLAIN, bytes=10)) == "output.size"
    # empty cells and truths are counted as numbers
    assert rule_of({"a.json": b'{"a":null,"b":true}'}, replace(PLAIN, numbers=1)) == (
        "output.numbers"
    )


def test_every_line_says_that_enough_rows_stand_behind_it() -> None:
    """As a whole number of k or more, under the rule's name."""
    assert release({"a.csv": b"n,m\n10,1\n"}, TEN) == {"a.csv": b"m,n\n1,10\n"}
    assert release({"a.json": b'{"n": 10}'}, TEN) == {"a.json": b'{"n":10}'}
    assert release({"a.json": b"[]"}, TEN)
    for line in (b"9", b"-11", b"0"):
        assert rule_of({"a.csv": b"n\n12\n" + line + b"\n"}, TEN) == "output.k"
    for cell in (b"10.5", b"many", b""):
        assert rule_of({"a.csv": b"n,m\n" + cell + b",1\n"}, TEN) == "output.count"
    assert rule_of({"a.csv": b"m\n1\n"}, TEN) == "output.count"
    assert rule_of({"a.json": b'{"n": true}'}, TEN) == "output.count"
    assert rule_of({"a.json": b'{"n": "12"}'}, TEN) == "output.count"
    two = {"a.csv": b"n\n12\n", "b.csv": b"m\n1\n"}
    assert rule_of(two, TEN) == "output.count"
    # nothing is rounded up over the bound
    coarse = replace(TEN, digits=1)
    assert rule_of({"a.csv": b"n\n9.9999999999\n"}, coarse) == "output.count"
    assert rule_of({"a.csv": b"n\n9\n"}, coarse) == "output.k"
    assert release({"a.csv": b"n\n14\n"}, coarse) == {"a.csv": b"n\n10\n"}


def test_a_list_of_words_closes_texts_and_names() -> None:
    """Those of the count and of noised columns are among them."""
    rule = replace(TEN, words=("east", "mean", "result"))
    fine = {"result.csv": b"mean,n\neast,12\n"}
    assert release(fine, rule) == fine
    for other in (
        {"other.csv": b"n\n12\n"},
        {"result.csv": b"mean,n\nsecret,12\n"},
        {"result.csv": b"secret,n\n1,12\n"},
    ):
        assert rule_of(other, rule) == "output.text"
    assert rule.bits < replace(rule, words=None).bits
    noise = Noise(epsilon=1, sensitivity=1, fields=("sum",))
    rule = replace(rule, noise=noise)
    assert release({"result.csv": b"n,sum\n12,5\n"}, rule)


def test_noise_covers_every_number_or_nothing_leaves() -> None:
    """Another column with the exact number would undo it."""
    exact = b"n,sum,word\n12,100,west\n10,7,east\n"
    seen = release({"a.csv": exact}, NOISY, Stream("noise"))
    check_released(seen, NOISY)
    assert seen != release({"a.csv": exact}, NOISY, Stream("other noise"))
    assert NOISY.charge == 1_000_000 and PLAIN.charge == 0
    for other in (b"n,sum,m\n12,1,100\n", b"n,sum\n12,\n", b"n,sum\n12,x\n"):
        assert rule_of({"a.csv": other}, NOISY) == "output.numbers"
    assert rule_of({"a.csv": b"n,sum\n12,0.5\n"}, NOISY) == "output.numbers"
    assert rule_of({"a.json": b'{"n":12,"sum":1,"b":true}'}, NOISY) == "output.numbers"
    assert rule_of({"a.csv": b"n,sum\n9,1\n"}, NOISY) == "output.k"


def test_lines_are_put_in_order_after_noise() -> None:
    """Their order would tell which exact number was the greater."""
    noise = Noise(epsilon=1_000, sensitivity=1, fields=("sum",), places=2)
    rule = GateRule(k=1, noise=noise)
    data = b"[" + b",".join(b'{"sum":%d}' % place for place in range(50)) + b"]"
    (seen,) = release({"a.json": data}, rule).values()
    values = [one["sum"] for one in json.loads(seen)]
    assert values == sorted(values)
    assert any(value != int(value) for value in values)


def test_a_noised_count_is_raised_to_k() -> None:
    """So that it says nothing below, and an auditor can check it."""
    noise = Noise(epsilon=1_000, sensitivity=10, fields=("n",))
    rule = GateRule(k=10, count="n", noise=noise)
    data = b"[" + b",".join([b'{"n":10}'] * 200) + b"]"
    (seen,) = release({"a.json": data}, rule).values()
    counts = [one["n"] for one in json.loads(seen)]
    assert min(counts) == 10 and counts.count(10) > 50 and max(counts) > 1000
    check_released({"a.json": seen}, rule)


def test_huge_noise_stays_inside_what_is_printed() -> None:
    """At the largest scale there is."""
    noise = Noise(epsilon=1, sensitivity=1 << 22, fields=("s",), places=0)
    rule = GateRule(k=1, noise=noise)
    data = b"s\n" + b"999999999999999999\n-999999999999999999\n" * 100
    check_released(release({"a.csv": data}, rule), rule)


OTHERS = {
    "approvals": ("labour",),
    "bytes": 1,
    "count": "n",
    "digits": 8,
    "disk": 2 << 20,
    "files": 1,
    "formats": ("csv",),
    "memory": 1 << 30,
    "noise": Noise(epsilon=1, sensitivity=1, fields=("a",)),
    "numbers": 1,
    "people": 2,
    "rows": 1,
    "seconds": 1,
    "texts": 1,
    "words": ("a",),
}


def test_the_digest_is_of_every_field() -> None:
    """And of nothing else."""
    assert set(OTHERS) | {"k"} == set(GateRule.__dataclass_fields__)
    rules = [PLAIN, *(replace(PLAIN, **{name: OTHERS[name]}) for name in OTHERS)]
    noise = OTHERS["noise"]
    assert isinstance(noise, Noise)
    for change in ({"epsilon": 2}, {"sensitivity": 2}, {"fields": ("b",)}):
        rules.append(replace(PLAIN, noise=replace(noise, **change)))
    rules += [replace(PLAIN, noise=replace(noise, places=1)), replace(TEN, k=11), TEN]
    assert len({rule.digest() for rule in rules}) == len(rules)
    for rule in rules:
        assert GateRule.from_json(decode(encode(rule.to_json()))) == rule


@pytest.mark.parametrize(
    "change",
    [{name: 0} for name in ("bytes", "digits", "disk", "files", "k", "memory")]
    + [{name: 0} for name in ("numbers", "people", "rows", "seconds", "texts")]
    + [{"k": True}, {"k": 2}, {"k": 103, "count": "n", "digits": 2}, {"people": 5}]
    + [{"files": 17}, {"bytes": (1 << 20) + 1}, {"digits": 16}, {"count": "=n"}]
    + [{"approvals": ("b", "a")}, {"approvals": ("Labour",)}, {"formats": ()}]
    + [{"approvals": tuple(f"a{place}" for place in range(9))}]
    + [{"formats": ("json", "csv")}, {"formats": ("txt",)}, {"words": ()}]
    + [{"words": ("b", "a")}, {"words": ("a\nb",)}],
)
def test_a_rule_is_well_formed_from_when_it_exists(change: dict[str, object]) -> None:
    """Bounds, order, and a count where there is a k."""
    with pytest.raises(PrivShareError):
        replace(PLAIN, **change)  # type: ignore[arg-type]


def test_noise_is_well_formed_too() -> None:
    """And of a count it is whole."""
    noise = Noise(epsilon=1, sensitivity=1, fields=("a",))
    for change in (
        {"epsilon": 0},
        {"epsilon": 100_000_001},
        {"sensitivity": 0},
        {"sensitivity": 1 << 40},  # out of the sampler's reach
        {"places": 7},
        {"fields": ()},
        {"fields": ("b", "a")},
    ):
        with pytest.raises(PrivShareError):
            replace(noise, **change)  # type: ignore[arg-type]
    with pytest.raises(PrivShareError):
        replace(TEN, noise=replace(noise, fields=("n",), places=1))


@pytest.mark.parametrize("change", [{"v": 2}, {"more": 1}, {"noise": {}}, {"k": "1"}])
def test_other_documents_are_no_rule(change: dict[str, object]) -> None:
    """Refused as what they are."""
    with pytest.raises(PrivShareError):
        GateRule.from_json({**PLAIN.to_json(), **change})
    with pytest.raises(PrivShareError):
        GateRule.from_json([])


ROOT = Path(__file__).parents[3]


def test_the_page_s_example_holds() -> None:
    """Its digest, its outputs, its bits."""
    page = (ROOT / "docs/formats/gate.md").read_text(encoding="utf-8")
    rules = re.findall(r"```json\n(.*)\n```", page)
    rule = GateRule.from_json(decode(rules[0].encode()))
    assert f"`{b64u(rule.digest())}`" in page and f"{rule.bits:,} bits" in page
    (table,) = re.findall(r"```text\n(district.*?)```", page, re.DOTALL)
    lines = [line.split() for line in table.splitlines()]
    written, printed = ("\n".join(one) + "\n" for one in zip(*lines, strict=True))
    seen = release({"result.csv": written.encode()}, rule)
    assert seen == {"result.csv": printed.encode()}


def test_an_auditor_needs_no_sandbox_and_no_numpy() -> None:
    """To judge outputs again."""
    program = (
        "import sys\nfrom privshare.jobs.submission.gate import check_released\n"
        "bad = {'numpy', 'socket', 'subprocess', 'pydantic'} & set(sys.modules)\n"
        "assert not bad, bad\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["gate", "limits", "mock", "output", "rule", "tree"])
def test_the_examples_of_the_modules_run(name: str) -> None:
    """What their heads show is so."""
    module = importlib.import_module(f"privshare.jobs.submission.{name}")
    result = doctest.testmod(module)
    assert result.attempted > 0 and result.failed == 0
