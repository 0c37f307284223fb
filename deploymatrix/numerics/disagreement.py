"""How far the answers of several runtimes to one model are from each other, and which of them stand apart.

The distance of two is max|a - b| / max|a|, |b| of all, over each output of each sample that both answered; the largest
counts. So it has the unit of a cell's error, and needs no reference: it tells who computes alike, not who is right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from .tensors import Array

Distances = NDArray[np.float64]
Answer = Mapping[tuple[int, str], Array]  # by sample and output

FAR = 3.0  # what stands apart is so many times as far from the rest as the rest is within itself


def distances(answers: Sequence[Answer]) -> Distances:
    """Return the distance of each two; NaN where they have no finite answer of the same shape in common."""
    count = len(answers)
    found = np.full((count, count), np.nan)
    np.fill_diagonal(found, 0.0)
    for key in sorted({key for answer in answers for key in answer}):
        arrays = [_wide(answer[key]) if key in answer else None for answer in answers]
        scale = max((float(np.abs(array).max()) for array in arrays if array is not None and array.size), default=0.0)
        for i, j in zip(*np.triu_indices(count, 1), strict=True):
            a, b = arrays[i], arrays[j]
            if a is not None and b is not None and a.shape == b.shape:
                apart = float(np.abs(a - b).max()) / scale if scale else 0.0
                found[i, j] = found[j, i] = np.nanmax([found[i, j], apart])
    return found


def alike(found: Distances) -> list[list[int]]:
    """Return the groups of those that answer the same to the bit, each with its first first; single ones, too."""
    groups: list[list[int]] = []
    for index in range(found.shape[0]):
        group = next((group for group in groups if found[group[0], index] == 0), None)
        if group is None:
            groups.append([index])
        else:
            group.append(index)
    return groups


def apart(found: Distances) -> list[int]:
    """Return the few that stand apart from all others: the smaller side of the longest edge of the shortest tree.

    Empty where that edge is not FAR times as long as every other one, or where there are less than three to tell.
    """
    known = _comparable(found)
    edges = _tree(found, known)
    if len(edges) < 2:
        return []
    (longest, _, leaf), (second, _, _) = sorted(edges, reverse=True)[:2]
    if longest == 0 or longest < FAR * second:
        return []
    side = _reached(leaf, [edge for edge in edges if edge[2] != leaf])
    other = [index for index in known if index not in side]
    return sorted(side if (len(side), side) < (len(other), other) else other)


def _comparable(found: Distances) -> list[int]:
    """Return those of which each distance is known: without the fewest that lack some."""
    known = list(range(found.shape[0]))
    while np.isnan(found[np.ix_(known, known)]).any():
        lacking = np.isnan(found[np.ix_(known, known)]).sum(axis=0)
        del known[int(lacking.argmax())]
    return known


def _tree(found: Distances, known: list[int]) -> list[tuple[float, int, int]]:
    """Return the edges of the shortest tree that joins them (Prim): length, where it starts, and what it brings in."""
    edges: list[tuple[float, int, int]] = []
    inside = set(known[:1])
    while len(inside) < len(known):
        edge = min((float(found[i, j]), i, j) for i in inside for j in known if j not in inside)
        edges.append(edge)
        inside.add(edge[2])
    return edges


def _reached(start: int, edges: Sequence[tuple[float, int, int]]) -> list[int]:
    """Return what hangs together with `start` by these edges."""
    reached = [start]
    for index in reached:
        ends = {i for edge in edges for i in edge[1:] if index in edge[1:]}
        reached += [end for end in sorted(ends) if end not in reached]
    return reached


def _wide(array: Array) -> NDArray[np.complex128] | None:
    """Return numbers that can be told apart whatever their dtype; None where one is not finite."""
    wide = array.astype(np.complex128)
    return wide if np.isfinite(wide).all() else None
