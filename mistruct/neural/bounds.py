r"""Variational bounds of mutual information, as functions of a matrix of scores.

A critic f gives each pair (x, y) a score. Entry i, j of a matrix is :math:`f(x_i, y_j)`: the
diagonal holds pairs drawn together, from P = p(x, y), and what is off it pairs of different rows,
which stand for Q = p(x) p(y). Information is the divergence of P from Q, and has representations
as a maximum over critics, so that each critic gives a lower bound:

================== ================================================== ======================
bound              formula                                            best critic
================== ================================================== ======================
`donsker_varadhan` :math:`E_P f - \log E_Q e^f`                       log p/q, and a constant
`nwj`              :math:`E_P f - E_Q e^f / e`                        log p/q, and 1
`infonce`          :math:`E_P[f - \log \frac1K \sum_j e^{f(x, y_j)}]` log p/q, and any h(x)
`smile`            `donsker_varadhan` with :math:`e^f` clipped        log p/q
`jsd`, `nce`       :math:`-E_P\,sp(-f) - E_Q\,sp(f)`, not in nats     log p/q
================== ================================================== ======================

with sp the softplus :math:`\log(1 + e^f)`. A bound holds for expectations. Replacing them by means
costs what no choice among the bounds can avoid: from N rows, no bound that holds for all
distributions with high confidence can be larger than O(log N) (McAllester and Stratos 2020). It
shows as a ceiling (`infonce`), as a variance of the order :math:`e^I` (`donsker_varadhan`, `nwj`)
or as a bias (`smile`).

All functions take scores of shape (..., K, K) with K of 2 or more, and return one value for each
matrix, differentiable with respect to the scores.

References
----------
Poole, Ozair, van den Oord, Alemi and Tucker (2019), "On variational bounds of mutual information",
ICML 36.
McAllester and Stratos (2020), "Formal limitations on the measurement of mutual information",
AISTATS 23, theorem 1.1.
"""

from __future__ import annotations

import math

from mistruct.errors import ParameterError
from mistruct.neural.torch_backend import torch


def donsker_varadhan(scores: torch.Tensor) -> torch.Tensor:
    r"""The bound of Donsker and Varadhan, :math:`E_P[f] - \log E_Q[e^f]`, in nats.

    The largest of the bounds for a given critic, and the one that a constant added to the critic
    does not change.

    Parameters
    ----------
    scores : tensor, shape (..., K, K)
        :math:`f(x_i, y_j)`.

    Returns
    -------
    tensor, shape (...)

    Raises
    ------
    ParameterError
        The scores are no square matrix of two rows or more.

    Notes
    -----
    No ceiling. With the best critic the variance from n independent pairs of Q is at least
    :math:`(e^I - 1) / n` as n grows (Song and Ermon 2020, theorem 2): at 8 nats, thousands of pairs
    for one of use. As the logarithm of a mean it is too large on average, most where the mean
    misses the few pairs that make it up.

    References
    ----------
    Donsker and Varadhan (1983), "Asymptotic evaluation of certain Markov process expectations for
    large time, IV", Communications on Pure and Applied Mathematics 36.
    Belghazi, Baratin, Rajeshwar, Ozair, Bengio, Courville and Hjelm (2018), "Mutual information
    neural estimation", ICML 35, eq. 10.

    Examples
    --------
    >>> import torch
    >>> from mistruct.neural.bounds import donsker_varadhan
    >>> scores = torch.tensor([[2.0, 0.0], [0.0, 4.0]])
    >>> float(donsker_varadhan(scores))  # 3 - log 1
    3.0
    """
    return _joint(scores).mean(-1) - log_mean_exp(scores)


def mine(scores: torch.Tensor, log_average: torch.Tensor) -> torch.Tensor:
    r"""The bound of Donsker and Varadhan with MINE's correction of the gradient, in nats.

    Its value is that of `donsker_varadhan`. The gradient of :math:`\log E_Q[e^f]` is
    :math:`E_Q[e^f \nabla f] / E_Q[e^f]`, and the quotient of two means of one batch is biased. So
    the denominator is a moving average over batches instead, see `moving_average`.

    Parameters
    ----------
    scores : tensor, shape (..., K, K)
        :math:`f(x_i, y_j)`.
    log_average : tensor, shape (...)
        Logarithm of the denominator.

    Returns
    -------
    tensor, shape (...)

    Raises
    ------
    ParameterError
        The scores are no square matrix of two rows or more.

    Notes
    -----
    Ceiling and variance are those of `donsker_varadhan`.

    References
    ----------
    Belghazi et al. (2018), "Mutual information neural estimation", ICML 35, section 3.2.

    Examples
    --------
    >>> import torch
    >>> from mistruct.neural.bounds import mine, moving_average
    >>> scores = torch.tensor([[2.0, 0.0], [0.0, 4.0]])
    >>> float(mine(scores, moving_average(scores, None)))
    3.0
    """
    joint, log_mean = _joint(scores).mean(-1), log_mean_exp(scores)
    with_gradient = joint - torch.exp(log_mean - log_average.detach())
    return with_gradient + (joint - log_mean - with_gradient).detach()


def moving_average(
    scores: torch.Tensor, log_average: torch.Tensor | None, rate: float = 0.01
) -> torch.Tensor:
    r"""Logarithm of a moving average of :math:`E_Q[e^f]`, with the batch of these scores in it.

    Parameters
    ----------
    scores : tensor, shape (..., K, K)
        Of the newest batch.
    log_average : tensor, shape (...), or None
        What was returned for the batch before; None for the first.
    rate : float
        Weight of the newest batch, between 0 and 1.

    Returns
    -------
    tensor, shape (...)
        Without a gradient.
    """
    log_mean = log_mean_exp(scores).detach()
    if log_average is None:
        return log_mean
    return torch.logaddexp(log_average + math.log1p(-rate), log_mean + math.log(rate))


def nwj(scores: torch.Tensor) -> torch.Tensor:
    r"""The bound of Nguyen, Wainwright and Jordan, :math:`E_P[f] - E_Q[e^f] / e`, in nats.

    Also known as MINE-f. Its estimate is unbiased, since no logarithm of a mean is taken, and never
    larger than `donsker_varadhan`.

    Parameters
    ----------
    scores : tensor, shape (..., K, K)
        :math:`f(x_i, y_j)`; of the best critic, :math:`1 + \log p(x, y) / p(x) p(y)`.

    Returns
    -------
    tensor, shape (...)

    Raises
    ------
    ParameterError
        The scores are no square matrix of two rows or more.

    Notes
    -----
    No ceiling. With the best critic the variance from n independent pairs of Q is at least
    :math:`(e^I - 1) / n` (Song and Ermon 2020, theorem 2).

    References
    ----------
    Nguyen, Wainwright and Jordan (2010), "Estimating divergence functionals and the likelihood
    ratio by convex risk minimization", IEEE Transactions on Information Theory 56.
    Poole et al. (2019), "On variational bounds of mutual information", ICML 36, eq. 4.

    Examples
    --------
    >>> import torch
    >>> from mistruct.neural.bounds import nwj
    >>> scores = torch.tensor([[2.0, 1.0], [1.0, 4.0]])
    >>> float(nwj(scores))  # 3 - e / e
    2.0
    """
    return _joint(scores).mean(-1) - torch.exp(log_mean_exp(scores) - 1.0)


def infonce(scores: torch.Tensor) -> torch.Tensor:
    r"""The bound InfoNCE, in nats.

    :math:`\frac1K \sum_i \left[f_{ii} - \log \frac1K \sum_j e^{f_{ij}}\right]` says how well
    the partner of each x is told from the K - 1 others.

    Parameters
    ----------
    scores : tensor, shape (..., K, K)
        :math:`f(x_i, y_j)`. What is added to a row as a whole makes no difference.

    Returns
    -------
    tensor, shape (...)

    Raises
    ------
    ParameterError
        The scores are no square matrix of two rows or more.

    Notes
    -----
    The ceiling is log K, whatever the information is. Below it the variance is small, of the order
    1 / K.

    References
    ----------
    van den Oord, Li and Vinyals (2018), "Representation learning with contrastive predictive
    coding", arXiv:1807.03748, eq. 4 and 5.
    Poole et al. (2019), "On variational bounds of mutual information", ICML 36, eq. 10.

    Examples
    --------
    >>> import torch
    >>> from mistruct.neural.bounds import infonce
    >>> round(float(infonce(100 * torch.eye(8))), 4)  # log 8
    2.0794
    """
    joint = _joint(scores)
    k = scores.shape[-1]
    return (joint - torch.logsumexp(scores, -1)).mean(-1) + math.log(k)


def jsd(scores: torch.Tensor) -> torch.Tensor:
    r"""The Jensen-Shannon objective, :math:`-E_P[sp(-f)] - E_Q[sp(f)]`; not in nats of information.

    The log likelihood of a classifier of pairs of P against pairs of Q, with as much weight on
    each. Its maximum is twice the Jensen-Shannon divergence less log 4, reached by the log density
    ratio, so it is for training critics: gradients are bounded, however strong the dependence.

    Parameters
    ----------
    scores : tensor, shape (..., K, K)
        :math:`f(x_i, y_j)`.

    Returns
    -------
    tensor, shape (...)
        At most 0, for a dependence that is beyond doubt; -log 4 for scores of 0.

    Raises
    ------
    ParameterError
        The scores are no square matrix of two rows or more.

    References
    ----------
    Hjelm, Fedorov, Lavoie-Marchildon, Grewal, Bachman, Trischler and Bengio (2019), "Learning deep
    representations by mutual information estimation and maximization", ICLR 7, eq. 4.

    Examples
    --------
    >>> import torch
    >>> from mistruct.neural.bounds import jsd
    >>> round(float(jsd(torch.zeros(3, 3))), 4)  # -log 4
    -1.3863
    """
    return nce(scores, 1)


def nce(scores: torch.Tensor, n_noise: float) -> torch.Tensor:
    r"""Noise-contrastive estimation, :math:`-E_P[sp(\log\nu - f)] - \nu E_Q[sp(f - \log\nu)]`.

    The log likelihood of a classifier of pairs of P against :math:`\nu` times as many pairs of Q;
    `jsd` is the case of one. Each has its maximum at the log density ratio. The more pairs of Q,
    the more it matters where that is large.

    Parameters
    ----------
    scores : tensor, shape (..., K, K)
        :math:`f(x_i, y_j)`.
    n_noise : float
        :math:`\nu`, above 0. With K - 1 each pair of a batch counts as much as any other.

    Returns
    -------
    tensor, shape (...)
        Not in nats of information, and below 0.

    Raises
    ------
    ParameterError
        The scores are no square matrix of two rows or more.

    References
    ----------
    Gutmann and Hyvarinen (2012), "Noise-contrastive estimation of unnormalized statistical models,
    with applications to natural image statistics", JMLR 13, section 2.

    Examples
    --------
    >>> import torch
    >>> from mistruct.neural.bounds import nce
    >>> round(float(nce(torch.zeros(3, 3), 2)), 4)  # log(1 / 3) + 2 log(2 / 3)
    -1.9095
    """
    softplus = torch.nn.functional.softplus
    log_odds = math.log(n_noise)
    of_joint = softplus(log_odds - _joint(scores)).mean(-1)
    return -of_joint - n_noise * softplus(_off_diagonal(scores) - log_odds).mean((-2, -1))


def smile(scores: torch.Tensor, clip: float | None = 5.0) -> torch.Tensor:
    r"""The estimate SMILE, :math:`E_P[f] - \log E_Q[clip(e^f, e^{-\tau}, e^\tau)]`, in nats.

    `donsker_varadhan` with the terms that make its variance clipped. Song and Ermon train the
    critic by `jsd`, `NeuralEstimator` by `nce`; either way it is the log density ratio itself.

    Parameters
    ----------
    scores : tensor, shape (..., K, K)
        :math:`f(x_i, y_j)`.
    clip : float or None
        :math:`\tau`; None does not clip.

    Returns
    -------
    tensor, shape (...)

    Raises
    ------
    ParameterError
        The scores are no square matrix of two rows or more, or `clip` is no positive number.

    Notes
    -----
    Clipping trades variance for bias. The variance of the mean over n independent pairs of Q is at
    most :math:`(e^\tau - e^{-\tau})^2 / 4n` (theorem 3). What is clipped is missing from a mean
    that is 1 for the best critic: about the share of pairs of P with a score above
    :math:`\tau`. So it is no bound, and too large by some :math:`-\log P(f < \tau)`: next to
    nothing where the information is well below :math:`\tau`, and without limit above.

    References
    ----------
    Song and Ermon (2020), "Understanding the limitations of variational mutual information
    estimators", ICLR 8, eq. 17 and theorem 3.

    Examples
    --------
    >>> import torch
    >>> from mistruct.neural.bounds import smile
    >>> scores = torch.tensor([[9.0, 8.0], [8.0, 9.0]])
    >>> float(smile(scores, clip=5)), float(smile(scores, clip=None))
    (4.0, 1.0)
    """
    if clip is None:
        return donsker_varadhan(scores)
    if not clip > 0:
        raise ParameterError(f"clip must be a positive number or None, got {clip!r}")
    return _joint(scores).mean(-1) - log_mean_exp(scores.clamp(-clip, clip))


def log_mean_exp(scores: torch.Tensor) -> torch.Tensor:
    r""":math:`\log E_Q[e^f]`: the logarithm of the mean over what is off the diagonal."""
    k = _size(scores)
    return torch.logsumexp(_off_diagonal(scores), (-2, -1)) - math.log(k * (k - 1))


def _joint(scores: torch.Tensor) -> torch.Tensor:
    """The scores of pairs drawn together, shape (..., K)."""
    _size(scores)
    return torch.diagonal(scores, dim1=-2, dim2=-1)


def _off_diagonal(scores: torch.Tensor) -> torch.Tensor:
    """The scores of pairs of different rows, shape (..., K - 1, K)."""
    k = _size(scores)
    # Without its first entry, a flat matrix has the diagonal in the last of K - 1 rows of K + 1.
    rows = scores.flatten(-2)[..., 1:].unflatten(-1, (k - 1, k + 1))
    return rows[..., :-1]


def _size(scores: torch.Tensor) -> int:
    shape = tuple(scores.shape)
    if len(shape) < 2 or shape[-1] != shape[-2] or shape[-1] < 2:
        raise ParameterError(
            f"scores must be a square matrix of two rows or more, got shape {shape}"
        )
    return int(shape[-1])
