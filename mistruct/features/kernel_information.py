r"""How much a projection tells about classes, as a smooth function of its directions.

With Gaussian bumps on the rows, the density of the projected rows z, and that of those of a class
c, are estimated at each row from all others, and

.. math:: \hat I = \frac1n \sum_i \log \frac{\hat p_{-i}(z_i | c_i)}{\hat p_{-i}(z_i)},
   \qquad \hat p_{-i}(z_i | c) \propto \frac{1}{n_c - [c_i = c]}
   \sum_{j \ne i,\, c_j = c} e^{-\lVert z_i - z_j \rVert^2 / 2h^2}

is the mutual information that these densities imply, each row left out of its own (Ahmad and Lin
1976 for the entropies; Viola and Wells 1997 for climbing its gradient). One width h for all keeps
most of the bias out of the difference.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# A density is never below this share of what its own bump would give a row.
_LEAST = 1e-6


def kernel_information(
    z: Floats, rest: Floats, labels: NDArray[np.int64], width: float
) -> tuple[float, Floats]:
    """The estimate in nats, and its gradient with respect to z.

    Parameters
    ----------
    z : ndarray, shape (n,)
        One projection.
    rest : ndarray, shape (n, n)
        Squared distances of the rows in the projections beside it; zeros where there are none.
    labels : ndarray of int, shape (n,)
        Classes; each has two rows or more.
    width : float
        Of the bumps.
    """
    n = len(z)
    apart = z[:, np.newaxis] - z
    bumps = np.exp(-(rest + apart**2) / (2 * width**2))
    np.fill_diagonal(bumps, 0.0)
    same = labels[:, np.newaxis] == labels
    sizes = same.sum(axis=1) - 1
    of_all = bumps.sum(axis=1) + _LEAST * (n - 1)
    of_class = (bumps * same).sum(axis=1) + _LEAST * sizes
    nats = np.log(of_class / sizes) - np.log(of_all / (n - 1))
    pull = bumps * (same / of_class[:, np.newaxis] - 1 / of_all[:, np.newaxis])
    gradient = -((pull + pull.T) * apart).sum(axis=1) / (width**2 * n)
    return float(nats.mean()), gradient
