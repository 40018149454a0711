r"""Predictive embeddings of time series: `ContrastivePredictiveCoding`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mistruct.errors import DataError, check_count
from mistruct.neural.representation import Representation


class ContrastivePredictiveCoding(Representation):
    r"""Learn an embedding of time series, without labels, that predicts the next frames.

    It needs torch: ``pip install "mistruct[neural]"``.

    A series is cut into frames. An encoder makes a code :math:`z_t` of each, and a gated recurrent
    unit a context :math:`c_t` of those up to t. Critics :math:`z_{t+k}^\top W_k c_t`, one for each
    number k of frames ahead, have to find the frame that follows among those of other series at the
    same place, which bounds :math:`I(z_{t+k}; c_t)` from below (InfoNCE). So what is kept is what
    lasts, and not the noise of single frames. The embedding is the context at the end.

    Parameters
    ----------
    n_components : int
        Numbers of a code and of a context.
    encoder : torch.nn.Module, optional
        Maps frames, shape (n, channels, frame_length), to codes, shape (n, n_components); `fit`
        trains a copy of it, where its parameters lie. By default two hidden layers.
    frame_length : int
        Points in time of a frame. What is left over at the start of a series is not used.
    horizon : int
        Largest number of frames ahead.
    n_hidden : int
        Units of each hidden layer of the default encoder.
    batch_size : int
        Series of a step, K. The ceiling of the bound is log K.
    n_steps : int
        Most steps; training ends where series held out have stopped to gain.
    max_seconds : float, optional
        Most seconds of training. A result that it has cut short does not repeat.
    seed : int
        The same seed gives the same embedding on the same machine and threads.

    Attributes
    ----------
    encoder_ : torch.nn.Module
        The trained encoder of frames; what it takes is scaled by `mean_` and `scale_`.
    bound_ : float
        The bound on the fifth of the series that was not trained on, by which the end of training
        was chosen; `score` of other series is free of that choice.
    n_steps_ : int
        Steps after which it was largest.
    mean_, scale_ : ndarray, shape (n_channels, 1)
        Of each channel.
    shape_ : tuple of int
        Of a series.
    n_features_in_ : int
        Its length.
    feature_names_in_ : ndarray of str, shape (length,)
        Names of the points in time, where they are strings.

    Raises
    ------
    DataError
        A series is too short for the horizon or has another shape than in `fit`, or fewer are
        trained on than a batch has.
    MissingExtraError
        torch is not installed.
    ParameterError
        A parameter breaks its rule, or the encoder gives another shape.

    Notes
    -----
    Series have shape (length,) or (length, channels). Windows of one long series, as
    ``numpy.lib.stride_tricks.sliding_window_view`` makes them, will do; where they overlap, some of
    those that count as others are nearly the same, and the bound is too small.

    `bound_` and `score` are the mean over k and t of the bound in nats. Information that does not
    last is not in it, and neither is any above log K.

    References
    ----------
    van den Oord, Li and Vinyals (2018), "Representation learning with contrastive predictive
    coding", arXiv:1807.03748, eq. 3 and 4.

    Examples
    --------
    Waves of two frequencies, with any phase:

    >>> import numpy as np
    >>> import mistruct as ms
    >>> rng = np.random.default_rng(0)
    >>> frequency, phase = rng.choice([0.3, 0.7], (400, 1)), rng.uniform(0, 7, (400, 1))
    >>> x = np.sin(frequency * np.arange(24) + phase)
    >>> model = ms.ContrastivePredictiveCoding(n_components=8, batch_size=64, n_steps=100).fit(x)
    >>> model.transform(x).shape
    (400, 8)
    >>> bool(0 < model.score(x) < np.log(64))
    True
    """

    _most_dimensions = 3

    def __init__(
        self,
        n_components: int = 32,
        *,
        encoder: Any = None,
        frame_length: int = 4,
        horizon: int = 4,
        n_hidden: int = 128,
        batch_size: int = 128,
        n_steps: int = 2000,
        max_seconds: float | None = None,
        seed: int = 0,
    ) -> None:
        self.n_components = n_components
        self.encoder = encoder
        self.frame_length = frame_length
        self.horizon = horizon
        self.n_hidden = n_hidden
        self.batch_size = batch_size
        self.n_steps = n_steps
        self.max_seconds = max_seconds
        self.seed = seed

    def _check(self) -> None:
        check_count("frame_length", self.frame_length)
        check_count("horizon", self.horizon)

    def _input(self, rows: NDArray[Any]) -> NDArray[Any]:
        return rows[:, np.newaxis] if rows.ndim == 2 else rows.transpose(0, 2, 1)

    def _make(self, shape: tuple[int, ...], encoder: Any, settings: Any) -> Any:
        from mistruct.neural.networks import Predictive

        least = self.frame_length * (self.horizon + 1)
        if shape[1] < least:
            raise DataError(
                f"a series must have at least {least} points in time, for a frame of "
                f"frame_length={self.frame_length} and horizon={self.horizon} more, "
                f"got {shape[1]}"
            )
        return Predictive(encoder, shape[0], settings)
