"""Orders classes so that those which are confused with each other are neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import fcluster, leaves_list, linkage, optimal_leaf_ordering
from scipy.spatial.distance import squareform

from tb_attention.reduce.confusion import Matrix, cells_of, dense_of

Order = npt.NDArray[np.int64]

# Optimal leaf order takes 0.04 s for 300 classes, and 2 s, holding up the training, for 1,000.
_MOST_AT_ONCE = 300
# Clustering takes time and memory with the square of the classes: 8 s and 1 GB for 5,000.
_MOST_CLUSTERED = 1000
_MOST_PAIRS = 200_000


def similarity_order(matrix: Matrix) -> Order:
    """The classes in the order of hierarchical clustering with average linkage and optimal leaf order.

    Args:
        matrix: Counts (classes, classes), rows are the truth.

    Returns:
        int64 (classes,).

    More than 300 classes are clustered into fewer groups first; groups, and the classes in each, are ordered likewise. More than
    1,000 are chained: from the most similar two on, the ends of chains are joined as long as any are similar.

    References:
        Bar-Joseph, Gifford and Jaakkola: Fast optimal leaf ordering for hierarchical clustering. Bioinformatics 17, 2001.
    """
    if len(matrix) > _MOST_CLUSTERED:
        return _chained(matrix)
    return _ordered(confusion_distances(dense_of(matrix)))


def _chained(matrix: Matrix) -> Order:
    """The order of many classes; chains are ordered by their first class."""
    classes = len(matrix)
    truth, predicted, counts = cells_of(matrix)
    totals = np.bincount(truth, counts, minlength=classes)
    apart = truth != predicted
    one, other = np.minimum(truth, predicted)[apart], np.maximum(truth, predicted)[apart]
    pairs, inverse = np.unique(one * classes + other, return_inverse=True)
    similar = np.bincount(
        inverse.reshape(-1), (counts / np.maximum(totals[truth], 1e-300))[apart], minlength=len(pairs)
    )
    best = pairs[np.argsort(-similar, kind="stable")[:_MOST_PAIRS]]
    next_to: list[list[int]] = [[] for _ in range(classes)]
    chain = list(range(classes))

    def end_of(index: int) -> int:
        while chain[index] != index:
            chain[index] = chain[chain[index]]
            index = chain[index]
        return index

    for first, second in zip((best // classes).tolist(), (best % classes).tolist(), strict=True):
        if len(next_to[first]) < 2 and len(next_to[second]) < 2 and end_of(first) != end_of(second):
            next_to[first].append(second)
            next_to[second].append(first)
            chain[end_of(first)] = end_of(second)
    members: dict[int, list[int]] = {}
    for index in range(classes):
        members.setdefault(end_of(index), []).append(index)
    order: list[int] = []
    for joined in members.values():
        at, before = next(index for index in joined if len(next_to[index]) < 2), -1
        for _ in joined:
            order.append(at)
            at, before = next((each for each in next_to[at] if each != before), -1), at
    return np.array(order, np.int64)


def confusion_distances(matrix: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """1 minus the similarity of two classes: the mean of the shares of each that are predicted as the other."""
    counts = np.nan_to_num(np.asarray(matrix, np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1e-300)
    distances: npt.NDArray[np.float64] = np.clip(1 - (shares + shares.T) / 2, 0, 1)
    np.fill_diagonal(distances, 0)
    return distances


def _ordered(distances: npt.NDArray[np.float64]) -> Order:
    count = len(distances)
    if count < 3:
        return np.arange(count)
    condensed = squareform(distances, checks=False)
    tree = linkage(condensed, "average")
    if count <= _MOST_AT_ONCE:
        return np.asarray(leaves_list(optimal_leaf_ordering(tree, condensed)), np.int64)
    groups = fcluster(tree, _MOST_AT_ONCE // 3, "maxclust")
    members = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    if len(members) < 2 or max(map(len, members)) == count:
        return np.asarray(leaves_list(tree), np.int64)
    mean = np.array([[distances[np.ix_(one, other)].mean() for other in members] for one in members])
    np.fill_diagonal(mean, 0)
    parts = [members[group][_ordered(distances[np.ix_(members[group], members[group])])] for group in _ordered(mean)]
    return np.concatenate(parts)
