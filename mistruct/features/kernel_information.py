r"""Information between a projection and classes, as a smooth function of its directions.

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

from mistruct._typing import Floats
from mistruct.kernels.gaussian.density import class_slopes, class_sums

# A density is never below this share of what its own bump would give a row.
_LEAST = 1e-6


def kernel_information(
    z: Floats, before: Floats, labels: NDArray[np.int64], width: float
) -> tuple[float, Floats]:
    """Estimate I(z; class) in nats, and its gradient with respect to z.

    Parameters
    ----------
    z : ndarray, shape (n,)
        One projection.
    before : ndarray, shape (n, k)
        The projections beside it; k may be 0.
    labels : ndarray of int, shape (n,)
        Classes, from 0; each has two rows or more.
    width : float
        Of the bumps.
    """
    n = len(z)
    points = np.vstack([z, before.T]) / width
    of_all, of_class = class_sums(points, labels)
    sizes = np.bincount(labels)[labels] - 1
    of_all += _LEAST * (n - 1)
    of_class += _LEAST * sizes
    nats = np.log(of_class / sizes) - np.log(of_all / (n - 1))
    return float(nats.mean()), class_slopes(points, labels, of_all, of_class) / (width * n)
