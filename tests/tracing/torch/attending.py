"""Small modules of PyTorch that attend, and what they attend to, computed with NumPy from their weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn.functional import scaled_dot_product_attention

WIDTH, HEADS = 16, 4


class Attending(torch.nn.Module):
    """Self-attention by torch's fused kernels.

    Args:
        mask: None, "causal", or an array that is added to the scores, or of booleans that say which keys are seen.
        groups: How many heads of queries share a head of keys.
    """

    def __init__(self, mask: Any = None, groups: int = 1) -> None:
        super().__init__()
        self.query = torch.nn.Linear(WIDTH, WIDTH)
        self.key = torch.nn.Linear(WIDTH, WIDTH // groups)
        self.value = torch.nn.Linear(WIDTH, WIDTH // groups)
        self.dropout = torch.nn.Dropout(0.5)
        self.mask, self.groups = mask, groups

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = (split(project(x)) for project in (self.query, self.key, self.value))
        mask = None if isinstance(self.mask, str) or self.mask is None else torch.as_tensor(self.mask)
        mixed = scaled_dot_product_attention(
            q,
            k,
            v,
            mask,
            dropout_p=0.1 if self.training else 0.0,
            is_causal=self.mask == "causal" if isinstance(self.mask, str) else False,
            enable_gqa=self.groups > 1,
        )
        return self.dropout(mixed.transpose(1, 2).flatten(2))

    def expected(self, x: torch.Tensor) -> np.ndarray:
        """The weights, by NumPy: (samples, heads, queries, keys)."""
        array = x.double().numpy()
        q, k = (heads(array @ as_array(layer.weight).T + as_array(layer.bias)) for layer in (self.query, self.key))
        scores = q @ np.repeat(k, self.groups, axis=1).swapaxes(-1, -2) / np.sqrt(WIDTH // HEADS)
        if isinstance(self.mask, str):
            scores = np.where(np.tri(scores.shape[-1], dtype=bool), scores, -np.inf)
        elif self.mask is not None:
            scores = np.where(self.mask, scores, -np.inf) if self.mask.dtype == bool else scores + self.mask
        return softmax(scores)


def split(x: torch.Tensor) -> torch.Tensor:
    return x.unflatten(-1, (-1, WIDTH // HEADS)).transpose(1, 2)


def heads(x: np.ndarray) -> np.ndarray:
    return x.reshape(*x.shape[:-1], -1, WIDTH // HEADS).swapaxes(1, 2)


def as_array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().double().numpy()


def softmax(scores: np.ndarray, axis: int = -1) -> np.ndarray:
    exponents = np.exp(scores - scores.max(axis, keepdims=True))
    return exponents / exponents.sum(axis, keepdims=True)


class Classifier(torch.nn.Module):
    """Ids to classes, by blocks of attention with dropout, batch norm and a buffer that counts calls."""

    def __init__(self, words: int = 30, classes: int = 3) -> None:
        super().__init__()
        self.embedding = torch.nn.Embedding(words, WIDTH)
        self.blocks = torch.nn.ModuleList([Attending(), Attending("causal")])
        self.norm = torch.nn.BatchNorm1d(WIDTH)
        self.head = torch.nn.Linear(WIDTH, classes)
        self.register_buffer("calls", torch.zeros(1))
        self.seen: list[int] = []

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        self.seen.append(len(ids))
        x = self.embedding(ids)
        for block in self.blocks:
            x = x + block(x)
        return self.head(self.norm(x.mean(1)))


def some_ids(samples: int = 4, tokens: int = 6) -> torch.Tensor:
    return torch.randint(0, 30, (samples, tokens), generator=torch.Generator().manual_seed(0))


def some_features(samples: int = 3, tokens: int = 5) -> torch.Tensor:
    return torch.randn(samples, tokens, WIDTH, generator=torch.Generator().manual_seed(1))
