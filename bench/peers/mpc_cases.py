"""What peers compute, and the plain answers that theirs are held against.

The same numbers as `bench/mpc.py`: 100,000 wages below 1,000, keys of 16 groups,
ten features of a standard size, labels that follow them with noise.
"""

import random

import numpy as np

GROUPS, WIDTH, STEPS = 16, 10, 10


def wages(rows):
    """Numbers from 0 to 999."""
    draw = random.Random(7)
    return np.array([draw.randint(0, 999) for _ in range(rows)], dtype=np.int64)


def keys(rows):
    """Groups from 0 to 15."""
    draw = random.Random(8)
    return np.array([draw.randrange(GROUPS) for _ in range(rows)], dtype=np.int64)


def table(rows):
    """Features between -3 and 3, and labels."""
    draw = np.random.default_rng(9)
    x = draw.integers(-3_000, 3_001, (rows, WIDTH)) / 1_000
    return x, (draw.normal(0, 5, rows) < x.sum(1)).astype(np.float64)


def recipe(x, y):
    """Ten steps of gradient descent with a cubic sigmoid, in plain numbers."""
    w = np.zeros(x.shape[1])
    for _ in range(STEPS):
        z = x @ w
        w = w - (x.T @ (0.5 + 0.197 * z - 0.004 * z * z * z - y)) / len(y)
    return w


def group_sums(values, groups):
    """The sum of each group."""
    return np.bincount(groups, weights=values, minlength=GROUPS).astype(np.int64)
