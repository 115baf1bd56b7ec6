"""Attention whose values are picked by index, summed by segment or cut into windows, and products over several axes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import unfold

import tb_attention

from .attending import WIDTH, as_array, softmax, some_features

EDGES = torch.tensor([[0, 0], [0, 1], [1, 1], [1, 2], [2, 0], [2, 2], [2, 1]])
"""To which node each edge leads, and from which."""


@pytest.mark.parametrize("by", ["index_add", "scatter_add", "scatter_reduce"])
def test_weights_of_edges_are_divided_by_the_sum_of_their_node(by: str) -> None:
    class Graph(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.score = torch.nn.Linear(2 * WIDTH, 1)

        def forward(self, nodes: torch.Tensor, edges: torch.Tensor) -> torch.Tensor:
            to, source = edges.unbind(1)
            scores = self.score(torch.cat([nodes[to], nodes[source]], -1)).exp()
            total = self.sums(scores, to, len(nodes)).index_select(0, to)
            return self.sums(scores / (total + 1e-9) * nodes[source], to, len(nodes))

        def sums(self, values: torch.Tensor, to: torch.Tensor, count: int) -> torch.Tensor:
            zeros = values.new_zeros((count, values.shape[1]))
            if by == "index_add":
                return zeros.index_add_(0, to, values)
            index = to[:, None].expand_as(values)
            return (
                zeros.scatter_add(0, index, values)
                if by == "scatter_add"
                else zeros.scatter_reduce(0, index, values, "sum")
            )

    model, nodes = Graph(), some_features()[:, 0]
    (site,) = tb_attention.capture(model, nodes, EDGES).values()
    given = as_array(nodes)
    pairs = np.concatenate([given[EDGES[:, 0]], given[EDGES[:, 1]]], -1)
    exponents = np.exp(pairs @ as_array(model.score.weight)[0] + as_array(model.score.bias))
    total = np.bincount(EDGES[:, 0], exponents)
    assert (site.kind, site.weights.shape) == ("self", (3, 1, 1, 7))
    np.testing.assert_allclose(site.weights[0, 0, 0], exponents / total[EDGES[:, 0]], atol=1e-6)


def test_queries_may_be_picked_by_several_indices() -> None:
    class Picked(torch.nn.Module):
        def forward(self, x: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
            query = x[torch.arange(len(x))[:, None], chosen]
            return (query @ x.mT).softmax(-1) @ x

    x, chosen = some_features(), torch.tensor([[0, 1], [4, 2], [3, 3]])
    (site,) = tb_attention.capture(Picked(), x, chosen).values()
    query = np.take_along_axis(as_array(x), chosen.numpy()[..., None], 1)
    assert site.weights.shape == (3, 1, 2, 5)
    np.testing.assert_allclose(site.weights[:, 0], softmax(query @ as_array(x).swapaxes(1, 2)), atol=1e-6)


class Neighbours(torch.nn.Module):
    """Each cell attends to the 3 x 3 around it, cut out in columns or along rows and columns."""

    def __init__(self, by: str) -> None:
        super().__init__()
        self.by = by

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        samples, channels, rows, columns = x.shape
        if self.by == "unfold":
            around = unfold(x, 3, padding=1).view(samples, channels, 9, rows * columns).permute(0, 3, 2, 1)
        else:
            padded = torch.nn.functional.pad(x, (1, 1, 1, 1))
            around = (
                padded.unfold(2, 3, 1).unfold(3, 3, 1).reshape(samples, channels, rows * columns, 9).permute(0, 2, 3, 1)
            )
        query = x.flatten(2).permute(0, 2, 1)[:, :, None]
        return ((query @ around.mT).softmax(-1) @ around).squeeze(2)


@pytest.mark.parametrize("by", ["unfold", "windows"])
def test_cells_attend_to_those_around_them(by: str) -> None:
    x = torch.randn(3, 8, 4, 5, generator=torch.Generator().manual_seed(1))
    (site,) = tb_attention.capture(Neighbours(by), x).values()
    padded = np.pad(as_array(x), ((0, 0), (0, 0), (1, 1), (1, 1)))
    expected = [
        softmax(
            padded[:, :, row : row + 3, column : column + 3].reshape(3, 8, 9).swapaxes(1, 2) @ one[..., None], axis=1
        )
        for (row, column), one in ((at, as_array(x)[:, :, at[0], at[1]]) for at in np.ndindex(4, 5))
    ]
    assert site.kind == "local"
    np.testing.assert_allclose(site.weights.reshape(3, 20, 9), np.stack(expected, 1)[..., 0], atol=1e-6)


def test_products_over_rows_and_columns_keep_them_apart() -> None:
    class Cells(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            scores = torch.einsum("bijc,bklc->bijkl", x, x)
            return torch.einsum("bijkl,bklc->bijc", scores.flatten(3).softmax(-1).view_as(scores), x)

    x = torch.randn(3, 2, 4, 8, generator=torch.Generator().manual_seed(1))
    (site,) = tb_attention.capture(Cells(), x).values()
    flat = as_array(x).reshape(3, 8, 8)
    assert site.weights.shape == (3, 1, 2, 4, 2, 4)
    np.testing.assert_allclose(site.weights.reshape(3, 8, 8), softmax(flat @ flat.swapaxes(1, 2)), atol=1e-6)
    for samples in (1, 5):
        (other,) = tb_attention.capture(Cells(), x[:1].expand(samples, -1, -1, -1)).values()
        np.testing.assert_allclose(other.weights[-1], site.weights[0], atol=1e-6)


def test_a_shape_of_no_tensor_says_nothing_of_it() -> None:
    """What is made of a tensor's type alone does not depend on it."""

    class Masked(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> Any:
            mask = x.new_full((x.shape[1], x.shape[1]), -torch.inf).triu(1)
            return (x @ x.mT + mask).softmax(-1) @ x

    x = some_features()
    (site,) = tb_attention.capture(Masked(), x).values()
    assert site.kind == "self"
    assert (np.triu(site.weights, 1) == 0).all()
