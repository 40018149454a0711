"""Comparison of two clusterings: `compare_clusterings`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mistruct.data.checked import index_of_states
from mistruct.data.columns import Column
from mistruct.data.frames import as_array, read_columns
from mistruct.errors import DataError
from mistruct.information.clusterings import variation_of_information
from mistruct.memory import require_memory

# Labels of rows in no cluster, in scikit-learn: noise, and rows with infinite or missing values.
_NOISE = {"-1", "-2", "-3"}


@dataclass(frozen=True, eq=False)
class ClusteringComparison:
    """The measures of two clusterings of the same rows.

    Attributes
    ----------
    ami : float
        Adjusted mutual information: 1 for the same clusters, 0 on average for random ones.
    nmi : float
        Mutual information over the mean of the two entropies.
    homogeneity, completeness, v_measure : float
        The share of a's entropy that b tells (1 if each cluster of b lies within one of a), the
        share of b's that a tells, and their harmonic mean.
    ari : float
        Adjusted Rand index, of pairs of rows that are together in both or apart in both.
    variation_of_information : float
        H(a|b) + H(b|a) in nats, a distance; 0 for the same clusters.
    table : pandas.DataFrame
        How many rows are in each cluster of a (rows) and of b (columns).
    n_samples : int
        Number of rows.
    note : str
        Which of the measures to quote, and why.
    """

    ami: float
    nmi: float
    homogeneity: float
    completeness: float
    v_measure: float
    ari: float
    variation_of_information: float
    table: pd.DataFrame
    n_samples: int
    note: str = (
        "Quote AMI: it is 0 on average for random labels, while NMI, V and both its parts grow "
        "with the number of clusters."
    )


def compare_clusterings(labels_a: Any, labels_b: Any) -> ClusteringComparison:
    """Compare two clusterings of the same rows, by the names or numbers of their clusters.

    Parameters
    ----------
    labels_a, labels_b : array-like, shape (n_samples,)
        The cluster of each row: text, categories, bools or whole numbers from 0. For homogeneity
        and completeness, a is the reference.

    Returns
    -------
    ClusteringComparison
        AMI, NMI, homogeneity, completeness, V, ARI, the variation of information in nats, and
        the contingency table.

    Raises
    ------
    DataError
        The two differ in length, labels are floats, missing, or one of -1, -2 and -3, or their
        contingency table does not fit into memory.

    Notes
    -----
    All but the variation of information are those of scikit-learn, with the arithmetic mean of
    the entropies.

    References
    ----------
    Vinh, Epps and Bailey (2010), "Information theoretic measures for clusterings comparison",
    Journal of Machine Learning Research 11.
    Rosenberg and Hirschberg (2007), "V-measure", EMNLP.
    Meila (2007), "Comparing clusterings - an information based distance", Journal of Multivariate
    Analysis 98.

    Examples
    --------
    Random labels of many clusters seem alike to all but the adjusted measures:

    >>> import numpy as np
    >>> import mistruct as ms
    >>> a, b = np.random.default_rng(0).integers(0, 28, (2, 500))
    >>> found = ms.compare_clusterings(a, b)
    >>> round(found.nmi, 2), round(abs(found.ami), 1)
    (0.25, 0.0)
    """
    from sklearn import metrics

    a, b = _column("labels_a", labels_a), _column("labels_b", labels_b)
    if len(a.values) != len(b.values):
        raise DataError(
            f"labels_a and labels_b must have one length, got {len(a.values)} and {len(b.values)}"
        )
    codes = a.values, b.values
    n_a, n_b = len(a.states or ()), len(b.states or ())
    require_memory(
        8 * n_a * n_b, f"the counts of {n_a:,} x {n_b:,} clusters", "merge small clusters"
    )
    # Beyond 20 numbers would be taken for continuous.
    distance = variation_of_information(*(pd.Series(c, dtype="category") for c in codes))
    homogeneity, completeness, v_measure = metrics.homogeneity_completeness_v_measure(*codes)
    counts = metrics.cluster.contingency_matrix(*codes)
    return ClusteringComparison(
        ami=float(metrics.adjusted_mutual_info_score(*codes)),
        nmi=float(metrics.normalized_mutual_info_score(*codes)),
        homogeneity=float(homogeneity),
        completeness=float(completeness),
        v_measure=float(v_measure),
        ari=float(metrics.adjusted_rand_score(*codes)),
        variation_of_information=max(distance, 0.0),
        table=pd.DataFrame(
            counts,
            index=index_of_states(a.states or ()).rename("a"),
            columns=index_of_states(b.states or ()).rename("b"),
        ),
        n_samples=len(a.values),
    )


def _column(parameter: str, labels: Any) -> Column:
    """Check the labels of a clustering; each state of the column occurs."""
    values = as_array(labels)
    if values.ndim != 1:
        raise DataError(f"{parameter} must be one column of labels, got shape {values.shape}")
    # Objects as they are: pandas would look for a type that holds them.
    series = pd.Series(values, dtype=object if values.dtype == object else None)
    (column,) = read_columns(series, {parameter: "discrete"}, prefix=parameter)
    assert column.states is not None
    n_missing = int((column.values == len(column.states)).sum())
    if n_missing:
        raise DataError(f"{parameter} must have a label in each row, but {n_missing} are missing")
    floats = [s for s in column.states if isinstance(s, (float, np.floating))]
    if floats:
        raise DataError(
            f"{parameter} must be names or whole numbers, got the float {float(floats[0])}"
        )
    noise = [s for s in column.states if str(s) in _NOISE]
    if noise:
        raise DataError(
            f"{parameter} must be clusters, got {noise[0]}, which stands for noise in labels of "
            "DBSCAN and HDBSCAN; leave those rows out or make it a name such as 'noise'"
        )
    return column
