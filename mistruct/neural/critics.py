r"""Critics: functions that score pairs (x, y), trained towards the log density ratio.

A network starts at 0 and is added to a start that is known in closed form, the log ratio of jointly
normal scores,

.. math:: \sum_i -\tfrac12 \log(1 - \rho_i^2)
          + \frac{\rho_i u_i v_i - \tfrac12 \rho_i^2 (u_i^2 + v_i^2)}{1 - \rho_i^2},

with u and v the canonical variables of x and y and :math:`\rho` their correlations. So the network
has to learn only what is not Gaussian. Directions are those of the rows trained on, and scale and
correlation along each of them those of the validation part, where chance has not chosen them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mistruct.neural.torch_backend import torch

# Canonical variables are kept if their correlation is so many standard errors above 0.
_CLEAR = 3.0
# Part of the variance that is added to that of each column, so that indicators can be inverted.
_RIDGE = 1e-3
_LARGEST_CORRELATION = 1.0 - 1e-6


class Concat(torch.nn.Module):
    """One network that sees x and y together; its first layer is computed once for each row."""

    def __init__(self, d_x: int, d_y: int, n_hidden: int) -> None:
        super().__init__()
        self.of_x = torch.nn.Linear(d_x, n_hidden)
        self.of_y = torch.nn.Linear(d_y, n_hidden, bias=False)
        self.middle = torch.nn.Linear(n_hidden, n_hidden)
        self.last = _zero(torch.nn.Linear(n_hidden, 1))

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Scores of all pairs, shape (len(x), len(y))."""
        hidden = torch.relu(self.of_x(x).unsqueeze(1) + self.of_y(y))
        return self.last(torch.relu(self.middle(hidden))).squeeze(-1)


class Separable(torch.nn.Module):
    """A network for x and one for y, whose outputs are multiplied; all pairs by one product."""

    def __init__(self, d_x: int, d_y: int, n_hidden: int, n_factors: int = 32) -> None:
        super().__init__()
        self.of_x = _perceptron(d_x, n_hidden, n_factors + 1)
        self.of_y = _perceptron(d_y, n_hidden, n_factors + 1)
        _zero(self.of_x[-1])
        torch.nn.init.zeros_(self.of_y[-1].weight[-1])
        torch.nn.init.zeros_(self.of_y[-1].bias[-1])

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Scores of all pairs, shape (len(x), len(y)): a product, and a term for x and for y."""
        of_x, of_y = self.of_x(x), self.of_y(y)
        return of_x[:, :-1] @ of_y[:, :-1].T + of_x[:, -1:] + of_y[:, -1]


class Gaussian(NamedTuple):
    """The log ratio of jointly normal variables, as a critic without parameters to learn."""

    of_x: torch.Tensor  # (d_x, k), to canonical variables
    of_y: torch.Tensor
    centre_x: torch.Tensor
    centre_y: torch.Tensor
    correlations: torch.Tensor

    def __call__(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Scores of all pairs, shape (len(x), len(y))."""
        u, v = (x - self.centre_x) @ self.of_x, (y - self.centre_y) @ self.of_y
        rho = self.correlations
        rest = 1 - rho**2
        squares = rho**2 / (2 * rest)
        constant = -0.5 * torch.log(rest).sum()
        return (
            (u * (rho / rest)) @ v.T - ((u**2) @ squares).unsqueeze(1) - (v**2) @ squares + constant
        )


def fit_gaussian(
    train: Sequence[NDArray[np.float32]], validation: Sequence[NDArray[np.float32]]
) -> Gaussian:
    """The Gaussian ratio of two blocks; without canonical variables it is 0 everywhere."""
    centres = [block.mean(axis=0, dtype=np.float64) for block in train]
    known = [block - centre for block, centre in zip(train, centres, strict=True)]
    whitening = [_whitening(block) for block in known]
    # Products of whitened columns: their singular vectors are the canonical directions.
    x, y = (block @ w for block, w in zip(known, whitening, strict=True))
    left, _, right = np.linalg.svd(x.T @ y / len(x), full_matrices=False)
    directions = [whitening[0] @ left, whitening[1] @ right.T]
    scores = [(b - c) @ d for b, c, d in zip(validation, centres, directions, strict=True)]
    means = [s.mean(axis=0) for s in scores]
    scores = [s - m for s, m in zip(scores, means, strict=True)]
    scales = [np.maximum(s.std(axis=0), 1e-9) for s in scores]
    rho = (scores[0] * scores[1]).mean(axis=0) / (scales[0] * scales[1])
    kept = rho * math.sqrt(len(scores[0])) > _CLEAR
    rho = np.minimum(rho[kept], _LARGEST_CORRELATION)
    directions = [(d / s)[:, kept] for d, s in zip(directions, scales, strict=True)]
    return Gaussian(*(torch.tensor(a, dtype=torch.float32) for a in (*directions, *centres, rho)))


def _whitening(block: NDArray[np.float64]) -> NDArray[np.float64]:
    covariance = block.T @ block / len(block)
    values, vectors = np.linalg.eigh(covariance)
    ridge = _RIDGE * np.trace(covariance) / len(covariance)
    return np.asarray(vectors / np.sqrt(np.maximum(values, 0.0) + ridge))


def _perceptron(d: int, n_hidden: int, n_out: int) -> Any:
    return torch.nn.Sequential(
        torch.nn.Linear(d, n_hidden),
        torch.nn.ReLU(),
        torch.nn.Linear(n_hidden, n_hidden),
        torch.nn.ReLU(),
        torch.nn.Linear(n_hidden, n_out),
    )


def _zero(layer: Any) -> Any:
    torch.nn.init.zeros_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    return layer
