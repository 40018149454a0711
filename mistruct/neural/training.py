r"""Training of a critic, with early stopping and an estimate on separate rows.

Each step draws K rows of the training part and scores all their pairs. Now and then the validation
part is asked how good the critic is, by the objective that it is trained with; the best critic so
far is kept, and the starting ones, 0 everywhere or Gaussian, count. So a network that learns
nothing that holds for other rows does not enter the estimate.

The bound is then evaluated on the held-out part, in tiles: pairs of P are its rows, pairs of Q are
all pairs of different rows, up to a number that bounds the time.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mistruct.errors import ParameterError
from mistruct.neural import bounds
from mistruct.neural.critics import Concat, Gaussian, Separable, fit_gaussian
from mistruct.neural.inputs import Parts
from mistruct.neural.torch_backend import default_device, torch

STEPS_OF_A_ROUND = 50
_PATIENCE = 10  # rounds without a better critic before training ends
_TILE = 256
# Pairs of Q, of which the estimate is made and by which a critic is judged in between.
_PAIRS_HELD_OUT, _PAIRS_BETWEEN = 2**22, 2**20
_LEARNING_RATE = 1e-3
_WEIGHT_DECAY = 0.1

Points = NDArray[np.float32]


class Sums(NamedTuple):
    """Sums from which all bounds other than InfoNCE are computed."""

    joint: float  # mean score over P
    log_mean: float  # log of the mean of e^score over Q
    log_clipped: float  # the same with clipped scores
    nce: float
    error: float  # standard error of `joint`


class Run:
    """One run: a critic with its seed, its training, and its result on held-out rows."""

    def __init__(
        self,
        x: Points,
        y: Points,
        parts: Parts,
        seed: int,
        settings: Any,
        deadline: float | None,
    ) -> None:
        device = default_device()
        self.x, self.y = (torch.from_numpy(block).to(device) for block in (x, y))
        self.parts = Parts(*(torch.from_numpy(p).to(device) for p in parts))
        self.settings, self.deadline = settings, deadline
        self.rng = torch.Generator().manual_seed(seed)
        critic = make_critic(settings.critic, x.shape[1], y.shape[1], settings.n_hidden, seed)
        self.critic = critic.to(device)
        self.optimizer = torch.optim.AdamW(
            self.critic.parameters(), lr=_LEARNING_RATE, weight_decay=_WEIGHT_DECAY
        )
        self.steps = self.best_step = self.stale = 0
        self.average: Any = None
        self.log_odds = math.log(settings.batch_size - 1)
        of = [[block[rows] for block in (x, y)] for rows in (parts.train, parts.validation)]
        gaussian = Gaussian(*(t.to(device) for t in fit_gaussian(*of)))
        self.start: Gaussian | None = None
        self.best = self._quality()
        self.start = gaussian
        with_start = self._quality()
        if with_start > self.best:
            self.best = with_start
        else:
            self.start = None
        self.kept = copy.deepcopy(self.critic.state_dict())

    def scores(self, x: Any, y: Any) -> Any:
        """Scores of the critic, with those of its start."""
        found = self.critic(x, y)
        return found if self.start is None else found + self.start(x, y)

    def advance(self) -> None:
        """Train for one round of steps, unless training has ended."""
        late = self.deadline is not None and time.monotonic() > self.deadline
        if self.stale >= _PATIENCE or late:
            return
        train, k = self.parts.train, self.settings.batch_size
        for _ in range(min(STEPS_OF_A_ROUND, self.settings.n_steps - self.steps)):
            rows = train[torch.randperm(len(train), generator=self.rng)[:k]]
            loss = -self._objective(self.scores(self.x[rows], self.y[rows]))
            self.optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.critic.parameters(), 1.0)
            self.optimizer.step()
            self.steps += 1
        quality = self._quality()
        if quality > self.best:
            self.best, self.best_step, self.stale = quality, self.steps, 0
            self.kept = copy.deepcopy(self.critic.state_dict())
        else:
            self.stale += 1

    def held_out(self) -> tuple[float, float]:
        """Bound on the held-out rows in nats, and the standard error of its mean over P."""
        self.critic.load_state_dict(self.kept)
        x, y = self.x[self.parts.held_out], self.y[self.parts.held_out]
        sums = self._sums(x, y, _PAIRS_HELD_OUT)
        match self.settings.bound:
            case "smile":
                value = sums.joint - sums.log_clipped
            case "mine":
                value = sums.joint - sums.log_mean
            case "nwj":
                value = sums.joint + 1 - _exp(sums.log_mean)
            case _:
                value = self._infonce(x, y)
        return value, sums.error

    def _objective(self, scores: Any) -> Any:
        match self.settings.bound:
            case "smile":
                return bounds.nce(scores, len(scores) - 1)
            case "mine":
                self.average = bounds.moving_average(scores, self.average)
                return bounds.mine(scores, self.average)
            case "nwj":
                return bounds.nwj(scores + 1)
        return bounds.infonce(scores)

    def _quality(self) -> float:
        """Value of the objective on the validation rows."""
        x, y = self.x[self.parts.validation], self.y[self.parts.validation]
        if self.settings.bound == "infonce":
            return self._infonce(x, y)
        sums = self._sums(x, y, _PAIRS_BETWEEN)
        match self.settings.bound:
            case "smile":
                return sums.nce
            case "mine":
                return sums.joint - sums.log_mean
        return sums.joint + 1 - _exp(sums.log_mean)

    def _infonce(self, x: Any, y: Any) -> float:
        k = min(self.settings.batch_size, len(x))
        places = range(0, len(x) - k + 1, k)
        with torch.no_grad():
            found = [bounds.infonce(self.scores(x[i : i + k], y[i : i + k])) for i in places]
        return float(torch.stack(found).mean())

    def _sums(self, x: Any, y: Any, most_pairs: int) -> Sums:
        m = len(x)
        tiles = [(x[i : i + _TILE], y[i : i + _TILE]) for i in range(0, m, _TILE)]
        offsets = min(len(tiles), max(1, most_pairs // (m * _TILE)))
        clip = self.settings.clip
        joint, logs, clipped, softplus, pairs = [], [], [], 0.0, 0
        for offset in range(offsets):
            for i, (tile, _) in enumerate(tiles):
                with torch.no_grad():
                    scores = self.scores(tile, tiles[(i + offset) % len(tiles)][1]).double()
                if offset == 0:
                    joint.append(scores.diagonal())
                    scores = scores[~torch.eye(len(scores), dtype=torch.bool, device=x.device)]
                scores = scores.flatten()
                if len(scores):
                    logs.append(torch.logsumexp(scores, 0))
                    clipped.append(torch.logsumexp(scores.clamp(-clip, clip), 0))
                    softplus += float(torch.nn.functional.softplus(scores - self.log_odds).sum())
                    pairs += len(scores)
        of_p = torch.cat(joint)
        return Sums(
            float(of_p.mean()),
            float(torch.logsumexp(torch.stack(logs), 0)) - math.log(pairs),
            float(torch.logsumexp(torch.stack(clipped), 0)) - math.log(pairs),
            -float(torch.nn.functional.softplus(self.log_odds - of_p).mean())
            - math.exp(self.log_odds) * softplus / pairs,
            float(of_p.std()) / math.sqrt(m),
        )


def _exp(log: float) -> float:
    """Exponential function that is infinite on overflow, as of a diverged critic."""
    return math.exp(log) if log < 709.0 else math.inf


def make_critic(
    kind: str | Callable[[int, int], Any], d_x: int, d_y: int, n: int, seed: int
) -> Any:
    """A critic with initial weights that depend on the seed alone."""
    torch.manual_seed(seed)
    if not callable(kind):
        return (Concat if kind == "concat" else Separable)(d_x, d_y, n)
    critic = kind(d_x, d_y)
    with torch.no_grad():
        shape = tuple(critic(torch.zeros(3, d_x), torch.zeros(2, d_y)).shape)
    if shape != (3, 2):
        raise ParameterError(
            "critic must give scores of shape (len(x), len(y)): for 3 rows of x and 2 of y "
            f"(3, 2), got {shape}"
        )
    return critic


@contextmanager
def torch_set_apart() -> Any:
    """Context manager: separate random numbers, and one thread, which suits small networks."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
            yield
    finally:
        torch.set_num_threads(threads)
