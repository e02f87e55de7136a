"""Receipts of the story: waited for, found beside one another, put into words."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from privshare.sdk.call import Blocking
from privshare.sdk.client import Client
from privshare.sdk.receipt import Receipt

__all__ = [
    "StoryError",
    "enclosed",
    "first_sentence",
    "last",
    "neighbours",
    "proof",
    "until",
]


class StoryError(Exception):
    """A claim of the demonstration did not hold."""


def proof(receipt: Receipt | None) -> Receipt:
    if receipt is None:
        raise StoryError("an operation left no receipt")
    return receipt


def last(client: Client[Blocking], operation: str) -> Receipt:
    """The newest receipt of a kind in a node's drawer."""
    found: list[Receipt] = []

    def there() -> bool:
        for item in client.receipts():
            if item.str("operation") == operation:
                found.append(client.receipt(item.str("id")))
                return True
        return False

    until(there)
    return found[-1]


def until(true: Callable[[], bool], timeout_s: float = 15.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        if time.monotonic() > deadline:
            raise StoryError(f"waited {timeout_s:g} s in vain")
        time.sleep(0.05)


def neighbours(receipt: Path) -> Callable[[str], bytes | None]:
    """Attachments of a receipt, as they lie beside it."""

    def find(name: str) -> bytes | None:
        file = receipt.with_name(f"{receipt.stem}.{name}")
        return file.read_bytes() if file.is_file() else None

    return find


def enclosed(receipt: Path) -> tuple[bytes, dict[str, bytes]]:
    """A receipt and its attachments, as a bundle takes them."""
    attached = {
        file.name.removeprefix(f"{receipt.stem}."): file.read_bytes()
        for file in receipt.parent.glob(f"{receipt.stem}.*")
        if file != receipt
    }
    return receipt.read_bytes(), attached


def first_sentence(report: str) -> str:
    lines: Iterator[str] = (line.strip() for line in report.splitlines())
    return next((line for line in lines if line.startswith("On ")), "valid")
