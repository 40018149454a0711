r"""Mutual information between blocks of many columns, from a critic that is trained.

Where two blocks have tens of columns, neighbours are all equally far and only a copula is left,
which sees what is monotone. A network can learn the density ratio instead, and `bounds` turn it
into an estimate. What such an estimate is worth depends on what was learned, so it is made of rows
that were not learned from, and several times.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass
from numbers import Real
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mistruct.data.dataset import Dataset
from mistruct.errors import (
    MistructWarning,
    ParameterError,
    TooFewRowsError,
    check_choice,
    check_count,
)
from mistruct.information.arguments import as_blocks
from mistruct.information.base import Estimator
from mistruct.information.blocks import complete
from mistruct.information.copula.basis import warn_infinite
from mistruct.neural.inputs import encode, split
from mistruct.parallel import run_in_turn

Bound = Literal["smile", "mine", "nwj", "infonce"]
_CRITICS = ("separable", "concat")

# InfoNCE is near its upper bound above this share of log K.
_NEAR = 0.9
# Seeds disagree if they vary by more than this share of the estimate, and by more than so many
# standard errors, which the choice of the rows held out explains.
_SHARE, _ERRORS = 0.1, 3.0


@dataclass(frozen=True)
class NeuralEstimate:
    """Result of `NeuralEstimator.evaluate`.

    Attributes
    ----------
    nats : float
        The mean over seeds.
    by_seed : tuple of float
        The held-out estimate of each seed.
    spread : float
        Their standard deviation; NaN of one seed.
    standard_error : float
        Of one seed's estimate, as far as it comes from the rows held out that pairs of P are.
    n_steps : tuple of int
        Steps after which each seed's critic was best; 0 if the network added nothing. Given z those
        of I(x; y, z), then those of I(x; z).
    n_train, n_validation, n_held_out : int
        Rows of each part.
    """

    nats: float
    by_seed: tuple[float, ...]
    spread: float
    standard_error: float
    n_steps: tuple[int, ...]
    n_train: int
    n_validation: int
    n_held_out: int


@dataclass(frozen=True)
class NeuralEstimator(Estimator):
    r"""Mutual information between blocks of columns, by a critic that is trained.

    It needs torch, ``pip install "mistruct[neural]"``, and trains on a GPU of CUDA if there is one.

    Of the rows 60 percent train the critic, 20 percent decide when to stop, and the estimate is the
    bound on the last 20 percent alone. Each seed draws these parts and the network anew; the
    estimate is the mean over seeds.

    Parameters
    ----------
    bound : {"smile", "mine", "nwj", "infonce"}
        How the critic is trained and read: see :mod:`mistruct.neural.bounds`. ``smile`` is trained
        by noise-contrastive estimation.
    critic : {"separable", "concat"} or callable
        ``separable`` multiplies an embedding of x with one of y, ``concat`` has one network see
        both and is much slower. A callable is given the numbers of columns of x and y and
        returns a ``torch.nn.Module`` that maps rows of x and rows of y to scores of all pairs, of
        shape (len(x), len(y)).
    n_hidden : int
        Units of each of two hidden layers.
    batch_size : int
        Rows of a step, K. The ceiling of ``infonce`` is log K.
    n_steps : int
        Most steps of a seed.
    max_seconds : float, optional
        Most seconds of training for one estimate, shared by the seeds in equal parts. A result
        that it has cut short does not repeat.
    clip : float
        Of ``smile``: scores of independent pairs beyond it are clipped. The estimate is too large
        where the information comes near it.
    n_seeds : int
        How often all is repeated.
    seed : int
        Of the first; the same seed gives the same estimate on the same machine, if on its CPU.

    Raises
    ------
    DataError
        Fewer rows are trained on than a batch has.
    MissingExtraError
        torch is not installed.
    ParameterError
        A parameter breaks its rule, or the critic gives scores of another shape.

    Warns
    -----
    MistructWarning
        Seeds disagree by more than a tenth of the estimate and more than their rows explain;
        ``infonce`` is within a tenth of log K; or the information is infinite.

    Notes
    -----
    Continuous columns enter as normal scores and discrete ones as indicators, both as the training
    part has them. The network is added to the log density ratio of the Gaussian copula where that
    helps on the validation part, else to 0, and either alone is a candidate for the best critic. So
    blocks that are jointly Gaussian up to a monotone transform of each column are easy, and all
    else depends on what the network can learn from the rows: 20 columns with as many, cubed and
    then rotated, share 4 nats, of which 2.5 were found from 10,000 rows. For pairs of columns
    and for blocks of a few, other estimators are better and thousands of times faster.

    No estimate from N rows is a lower bound above O(log N) with high confidence for all
    distributions (McAllester and Stratos 2020), whichever bound it comes from. ``mine``, ``nwj``
    and ``infonce`` are lower bounds in expectation up to the bias of a logarithm (``mine``); smile
    is none.

    Given z the estimate is :math:`I(X; (Y, Z)) - I(X; Z)` by the chain rule, both from the same
    parts of the rows. A difference of two lower bounds is no bound: it errs to either side. It is
    trustworthy only where both are estimated well, which z with much information on x prevents.

    References
    ----------
    Belghazi et al. (2018), "Mutual information neural estimation", ICML 35.
    Song and Ermon (2020), "Understanding the limitations of variational mutual information
    estimators", ICLR 8.
    Poole et al. (2019), "On variational bounds of mutual information", ICML 36.
    McAllester and Stratos (2020), "Formal limitations on the measurement of mutual information",
    AISTATS 23, theorem 1.1.

    Examples
    --------
    >>> import numpy as np
    >>> import mistruct as ms
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(2000, 5))
    >>> y = x + rng.normal(size=(2000, 5))
    >>> estimator = ms.NeuralEstimator(n_steps=100)
    >>> found = ms.mutual_information(x, y, estimator=estimator)
    >>> abs(found - 5 * np.log(2) / 2) < 0.2
    True
    """

    bound: Bound = "smile"
    _: KW_ONLY
    critic: str | Callable[[int, int], Any] = "separable"
    n_hidden: int = 128
    batch_size: int = 256
    n_steps: int = 2000
    max_seconds: float | None = None
    clip: float = 10.0
    n_seeds: int = 3
    seed: int = 0

    def __post_init__(self) -> None:
        check_choice("bound", self.bound, get_args(Bound))
        if not callable(self.critic):
            check_choice("critic", self.critic, _CRITICS)
        for name, least in (("n_hidden", 1), ("batch_size", 2), ("n_steps", 1), ("n_seeds", 1)):
            check_count(name, getattr(self, name), least=least)
        check_count("seed", self.seed, least=0)
        for name in ("clip", "max_seconds"):
            value = getattr(self, name)
            if name == "max_seconds" and value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, Real) or not float(value) > 0:
                raise ParameterError(f"{name} must be a positive number, got {value!r}")

    @property
    def name(self) -> str:
        """Name of the estimator in results."""
        return f"neural ({self.bound})"

    def evaluate(self, x: Any, y: Any, z: Any = None) -> NeuralEstimate:
        """Estimate I(x; y) or I(x; y | z), with the results of each seed.

        Parameters
        ----------
        x, y, z : array-like, shape (n_samples,) or (n_samples, d)
            Columns, or blocks of columns.

        Returns
        -------
        NeuralEstimate
        """
        blocks = {"x": x, "y": y} | ({} if z is None else {"z": z})
        data, names = as_blocks(blocks, "raise")
        return self._evaluate(self.view(data), *names)

    def information(
        self, data: Dataset, x: Sequence[str], y: Sequence[str], z: Sequence[str] = ()
    ) -> float:
        """I(x; y | z) in nats between blocks of columns, over their complete rows."""
        return self._evaluate(data, x, y, z).nats

    def pairwise(
        self,
        data: Dataset,
        rows: NDArray[np.int64],
        columns: NDArray[np.int64],
        dtype: DTypeLike = np.float64,
    ) -> NDArray[Any]:
        """I(x; y) of columns by position, x from `rows` and y from `columns`.

        Shape (len(rows), len(columns)); each pair over the rows complete for the two, and trained
        for on its own, which takes seconds. Infinite for a continuous column with itself.
        """
        wanted = sorted({(min(a, b), max(a, b)) for a in rows for b in columns})

        def one_pair(pair: tuple[int, int]) -> float:
            x, y = (data.names[p] for p in pair)
            if x == y and _continuous(data, [x]):
                return math.inf
            try:
                return self.information(data, [x], [y])
            except TooFewRowsError:
                if not data.n_missing[x] and not data.n_missing[y]:
                    raise
                return math.nan

        values = run_in_turn(one_pair, wanted, description=f"mutual information ({self.name})")
        of_pair = dict(zip(wanted, values, strict=True))
        found = [[of_pair[min(a, b), max(a, b)] for b in columns] for a in rows]
        return np.array(found, dtype=dtype).reshape(len(rows), len(columns))

    def _evaluate(
        self, data: Dataset, x: Sequence[str], y: Sequence[str], z: Sequence[str] = ()
    ) -> NeuralEstimate:
        from mistruct.neural.training import STEPS_OF_A_ROUND, Run, torch_set_apart

        rows = complete(data, (*x, *y, *z))
        n = rows.n_samples
        parts = [split(n, np.random.default_rng(self.seed + s)) for s in range(self.n_seeds)]
        sizes = [len(part) for part in parts[0]]
        if sizes[0] < self.batch_size or min(sizes) < 2:
            raise TooFewRowsError(
                f"estimator {self.name!r} trains on 60 percent of the rows, which must be "
                f"batch_size={self.batch_size} or more, but {n} rows leave {sizes[0]}"
            )
        # Columns that z holds too add nothing; one that x and y share tells all.
        in_z = _continuous(rows, z)
        x, y = ([c for c in b if not _continuous(rows, [c]) & in_z] for b in (x, y))
        if _continuous(rows, x) & _continuous(rows, y):
            warn_infinite(x, y)
            return NeuralEstimate(math.inf, (math.inf,), math.nan, math.nan, (), *sizes)
        terms = [(1, [*y, *z]), (-1, list(z))] if z else [(1, list(y))]
        values = np.zeros(self.n_seeds)
        variance, steps = 0.0, []
        runs, share = [], (self.max_seconds or 0.0) / (self.n_seeds * len(terms))
        n_rounds = math.ceil(self.n_steps / STEPS_OF_A_ROUND)

        def advance(block: tuple[int, int, int]) -> None:
            term, s, r = block
            if r == 0:
                deadline = None if self.max_seconds is None else time.monotonic() + share
                x_encoded, y_encoded = (
                    encode(rows, b, parts[s].train) for b in (x, terms[term][1])
                )
                if x_encoded.shape[1] and y_encoded.shape[1]:
                    run = Run(x_encoded, y_encoded, parts[s], self.seed + s, self, deadline)
                    runs.append((term, s, run))
            if runs and runs[-1][:2] == (term, s):
                runs[-1][2].advance()

        work = [
            (t, s, r)
            for t in range(len(terms))
            for s in range(self.n_seeds)
            for r in range(n_rounds)
        ]
        with torch_set_apart():
            for _ in run_in_turn(advance, work, description="neural estimate"):
                pass
            for term, s, run in runs:
                value, error = run.held_out()
                self._warn_of_ceiling(value, sizes[2])
                values[s] += terms[term][0] * value
                variance += error**2 / self.n_seeds
                steps.append(run.best_step)
        spread = float(values.std(ddof=1)) if self.n_seeds > 1 else math.nan
        nats, error = float(values.mean()), math.sqrt(variance)
        if spread > max(_SHARE * abs(nats), _ERRORS * error):
            warnings.warn(
                f"seeds disagree: estimator {self.name!r} found "
                f"{', '.join(f'{v:.3g}' for v in values)} nats; more rows or steps may help",
                MistructWarning,
                stacklevel=2,
            )
        return NeuralEstimate(nats, tuple(values.tolist()), spread, error, tuple(steps), *sizes)

    def _warn_of_ceiling(self, value: float, n_held_out: int) -> None:
        k = min(self.batch_size, n_held_out)
        if self.bound == "infonce" and value > _NEAR * math.log(k):
            warnings.warn(
                f"estimator {self.name!r} found {value:.3g} nats, and cannot find more than "
                f"log {k} = {math.log(k):.3g}: the information may be larger; use a larger "
                "batch_size or bound='smile'",
                MistructWarning,
                stacklevel=2,
            )


def _continuous(data: Dataset, names: Sequence[str]) -> set[bytes]:
    """Keys of the varying continuous columns; columns with equal values have equal keys."""
    values = [data.values[data.row(n)] for n in names if not data.is_discrete(n)]
    return {v.tobytes() for v in values if np.nanmax(v) > np.nanmin(v)}
