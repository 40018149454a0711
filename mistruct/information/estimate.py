"""The result of a measure: a number with the way it was computed."""

from __future__ import annotations

from typing import Any, Self


class Estimate(float):
    """An estimate of information: a float with its estimator, rows and interval.

    Attributes
    ----------
    estimator : str
        The name of the estimator; that which was chosen where ``auto`` was asked for.
    n_samples : int
        The rows used.
    confidence : float or None
        The confidence level of `interval`, where one was asked for.
    interval : tuple of float, or None
        Lower and upper end of the confidence interval, in the unit of the estimate.
    """

    estimator: str
    n_samples: int
    confidence: float | None
    interval: tuple[float, float] | None

    def __new__(
        cls,
        value: float,
        estimator: str,
        n_samples: int,
        confidence: float | None = None,
        interval: tuple[float, float] | None = None,
    ) -> Self:
        """Make an estimate of the given value."""
        made = super().__new__(cls, value)
        made.estimator = estimator
        made.n_samples = n_samples
        made.confidence = confidence
        made.interval = interval
        return made

    def __getnewargs__(self) -> Any:
        """Arguments that make a copy, for pickle."""
        return float(self), self.estimator, self.n_samples, self.confidence, self.interval
