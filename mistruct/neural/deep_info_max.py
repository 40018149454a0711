r"""Informative embeddings of rows or small images: `DeepInfoMax`."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from mistruct.errors import ParameterError, check_choice, check_count
from mistruct.neural.representation import Representation, check_number

Objective = Literal["jsd", "infonce"]


class DeepInfoMax(Representation):
    r"""Learn an embedding of rows, without labels, with much information about the row.

    It needs torch: ``pip install "mistruct[neural]"``.

    An encoder E is trained together with critics that tell its output for a row from its output for
    other rows, which bounds information from below. With X the row, :math:`X^{(l)}` its places and
    :math:`\hat I` the bound, what is maximised is

    .. math:: \alpha\, \hat I(X; E(X)) + \beta\, \frac1L \sum_{l=1}^L \hat I(X^{(l)}; E(X))
              - \gamma\, \hat D(E(X), V),

    where :math:`\hat D`, a critic's too, is how well embeddings are told from the prior V,
    independent standard normal numbers. The places of a table are its columns; those of an image
    are patches, and all are asked by the same critic, which does not know where they lie. So
    the second term is for what many places share, and not for what is the noise of one.

    Parameters
    ----------
    n_components : int
        Numbers of an embedding.
    encoder : torch.nn.Module, optional
        Maps rows, shape (n, d), or images, shape (n, channels, height, width), to embeddings, shape
        (n, n_components); `fit` trains a copy of it, where its parameters lie. By default two
        hidden layers for tables, and two convolutions for images.
    objective : {"jsd", "infonce"}
        The bound: see :mod:`mistruct.neural.bounds`.
    global_weight, local_weight, prior_weight : float
        :math:`\alpha`, :math:`\beta` and :math:`\gamma`.
    patch_size : int
        Side of a patch. From one to the next it is half a side, rounded down. Time and memory of
        the second term grow with their number.
    n_hidden : int
        Units of the hidden layers of the critics and of the default encoder.
    batch_size : int
        Rows of a step, K. The ceiling of ``infonce`` is log K.
    n_steps : int
        Most steps; training ends where rows held out have stopped to gain.
    max_seconds : float, optional
        Most seconds of training. A result that it has cut short does not repeat.
    seed : int
        The same seed gives the same embedding on the same machine and threads.

    Attributes
    ----------
    encoder_ : torch.nn.Module
        The trained encoder; what it takes is scaled by `mean_` and `scale_`.
    bound_ : float
        The bound on the fifth of the rows that was not trained on, by which the end of training was
        chosen; `score` of other rows is free of that choice.
    n_steps_ : int
        Steps after which it was largest.
    mean_, scale_ : ndarray
        Of each column of a table, or channel of an image.
    shape_ : tuple of int
        Of a row.
    n_features_in_ : int
        Its first number.
    feature_names_in_ : ndarray of str, shape (n_features,)
        Names of the columns, where they are strings.

    Raises
    ------
    DataError
        A row has another shape than in `fit`, or fewer rows are trained on than a batch has.
    MissingExtraError
        torch is not installed.
    ParameterError
        A parameter breaks its rule, or the encoder gives another shape.

    Notes
    -----
    Rows have shape (d,) or, for images, (height, width) or (channels, height, width).

    Patches and columns are functions of the row, so each term is below the information between a
    row and its embedding, and so is the mean of the two by their weights, which is `bound_` and
    `score`. Under ``infonce`` it is in nats of information; under ``jsd`` of the Jensen-Shannon
    divergence of joint and independent pairs, which is log 2 at most. Information does not say
    whether an embedding is good for anything: every encoder that can be inverted has as much as
    there is. What counts is what is easy to tell, and that is decided by the second term and by the
    form of encoder and critics.

    The paper takes the places from an inner layer of the encoder. Here they are cut from the input,
    so that any module can be the encoder, and critics are products of two networks ("encode and
    dot").

    References
    ----------
    Hjelm, Fedorov, Lavoie-Marchildon, Grewal, Bachman, Trischler and Bengio (2019), "Learning deep
    representations by mutual information estimation and maximization", ICLR 7, eq. 4, 5, 7 and 8.

    Examples
    --------
    Six noisy columns of one cause:

    >>> import numpy as np
    >>> import mistruct as ms
    >>> rng = np.random.default_rng(0)
    >>> cause = rng.normal(size=(400, 1))
    >>> x = cause + rng.normal(size=(400, 6))
    >>> model = ms.DeepInfoMax(n_components=1, batch_size=64, n_steps=50).fit(x)
    >>> model.transform(x).shape
    (400, 1)
    >>> model.get_feature_names_out()
    array(['deepinfomax0'], dtype=object)
    """

    _most_dimensions = 4

    def __init__(
        self,
        n_components: int = 64,
        *,
        encoder: Any = None,
        objective: Objective = "jsd",
        global_weight: float = 0.0,
        local_weight: float = 1.0,
        prior_weight: float = 0.1,
        patch_size: int = 3,
        n_hidden: int = 128,
        batch_size: int = 128,
        n_steps: int = 2000,
        max_seconds: float | None = None,
        seed: int = 0,
    ) -> None:
        self.n_components = n_components
        self.encoder = encoder
        self.objective = objective
        self.global_weight = global_weight
        self.local_weight = local_weight
        self.prior_weight = prior_weight
        self.patch_size = patch_size
        self.n_hidden = n_hidden
        self.batch_size = batch_size
        self.n_steps = n_steps
        self.max_seconds = max_seconds
        self.seed = seed

    def _check(self) -> None:
        check_choice("objective", self.objective, get_args(Objective))
        for name in ("global_weight", "local_weight", "prior_weight"):
            check_number(name, getattr(self, name))
        if not self.global_weight + self.local_weight:
            raise ParameterError(
                "global_weight and local_weight must not both be 0: nothing would be learned"
            )
        check_count("patch_size", self.patch_size)

    def _input(self, rows: NDArray[Any]) -> NDArray[Any]:
        return rows[:, np.newaxis] if rows.ndim == 3 else rows

    def _make(self, shape: tuple[int, ...], encoder: Any, settings: Any) -> Any:
        from mistruct.neural.networks import InfoMax

        if len(shape) > 1 and self.patch_size > min(shape[1:]):
            raise ParameterError(
                f"patch_size must be at most the shorter side of an image, {min(shape[1:])}, "
                f"got {self.patch_size}"
            )
        return InfoMax(encoder, shape, settings)
