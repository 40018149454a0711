"""Training and application of the encoders in `networks`, from arrays to arrays.

Four fifths of the rows are trained on. On the others the bound is taken now and then, and the
network is kept that had the largest. Everything is computed where the parameters of the encoder
lie: where the caller has put them, else on a GPU of CUDA if there is one.
"""

from __future__ import annotations

import copy
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mistruct.errors import TooFewRowsError
from mistruct.neural.networks import device_of
from mistruct.neural.torch_backend import torch
from mistruct.neural.training import STEPS_OF_A_ROUND
from mistruct.parallel import run_in_turn

_PATIENCE = 10  # rounds without a larger bound before training ends
_LEARNING_RATE = 1e-3
_ROWS_AT_ONCE = 1024  # that are encoded


def train(network: Any, x: NDArray[np.float32], settings: Any) -> tuple[int, float]:
    """Train an encoder; returns the step with the largest validation bound, and that bound."""
    rng = np.random.default_rng(settings.seed)
    order, apart, k = rng.permutation(len(x)), len(x) // 5, settings.batch_size
    if len(x) - apart < k or apart < 2:
        raise TooFewRowsError(
            f"{type(settings).__name__} trains on 80 percent of the rows, which must be "
            f"batch_size={k} or more, but {len(x)} rows leave {len(x) - apart}"
            if len(x) - apart < k
            else f"{type(settings).__name__} needs at least 10 rows, got n_samples = {len(x)}"
        )
    rows, others = torch.from_numpy(x[order[apart:]]).to(device_of(network)), x[order[:apart]]
    optimizer = torch.optim.Adam(network.parameters(), lr=_LEARNING_RATE)
    started, best_step, stale = time.monotonic(), 0, 0
    best, kept = evaluate(network, others, settings), copy.deepcopy(network.state_dict())

    def advance(done: int) -> None:
        nonlocal best, best_step, stale, kept
        late = (
            settings.max_seconds is not None and time.monotonic() - started > settings.max_seconds
        )
        if stale >= _PATIENCE or late:
            return
        network.train()
        steps = min(STEPS_OF_A_ROUND, settings.n_steps - done)
        for _ in range(steps):
            loss = network.loss(rows[torch.from_numpy(rng.choice(len(rows), k, replace=False))])
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
        found = evaluate(network, others, settings)
        stale += 1
        if found > best:
            best, best_step, stale = found, done + steps, 0
            kept = copy.deepcopy(network.state_dict())

    rounds = range(0, settings.n_steps, STEPS_OF_A_ROUND)
    for _ in run_in_turn(advance, rounds, description=type(settings).__name__):
        pass
    network.load_state_dict(kept)
    network.eval()
    return best_step, best


def evaluate(network: Any, x: NDArray[np.float32], settings: Any) -> float:
    """Bound on these rows, the mean over random batches."""
    k = min(settings.batch_size, len(x))
    order = np.random.default_rng(settings.seed).permutation(len(x))
    network.eval()
    found = []
    with torch.no_grad():
        for i in range(0, len(x) - k + 1, k):
            rows = torch.from_numpy(x[order[i : i + k]]).to(device_of(network))
            found.append(float(network.bound(rows)))
    return float(np.mean(found))


def encode(network: Any, x: NDArray[np.float32]) -> NDArray[np.float64]:
    """Embeddings of rows, shape (n, n_components)."""
    device = device_of(network)
    with torch.no_grad():
        found = [
            network.encode(torch.from_numpy(x[i : i + _ROWS_AT_ONCE]).to(device)).cpu()
            for i in range(0, len(x), _ROWS_AT_ONCE)
        ]
    return np.asarray(torch.cat(found).numpy(), dtype=np.float64)
