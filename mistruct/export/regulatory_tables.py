r"""Tables of regulators and targets for tools of gene regulation.

========= ============================================ ==========================================
form      columns                                      read by
========= ============================================ ==========================================
pyscenic  TF, target, importance                       ``pyscenic ctx``, as adjacencies
aracne    Regulator, Target, MI, pvalue                whatever reads ``network.txt`` of ARACNe-AP
viper     regulator, target, mor, likelihood           pyviper's ``Interactome``, viper in R
decoupler source, target, weight                       decoupler
========= ============================================ ==========================================

VIPER wants the mode of regulation (mor), which is how much a target rises or falls with its
regulator, from -1 to 1, and a likelihood, which is how much to trust the pair among those of its
regulator. Its own networks take the mode from Spearman's correlation. Here it has the sign of that,
and the size that the correlation r of two normal variables of the same information has,
:math:`I = -\frac{1}{2} \log(1 - r^2)` (Linfoot 1957).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from mistruct.atomic import replacing
from mistruct.errors import DataError, ParameterError, check_choice
from mistruct.structure.networks.base import NetworkLearner
from mistruct.structure.ranked_edges import in_network

Form = Literal["pyscenic", "aracne", "viper", "decoupler"]

_SEPARATORS = {".tsv": "\t", ".txt": "\t", ".csv": ","}


def write_regulatory_network(
    net: NetworkLearner | pd.DataFrame, path: str | os.PathLike[str], form: Form
) -> None:
    r"""Write a network of regulators and targets as the table that another tool reads.

    Parameters
    ----------
    net : ARACNE, CLR or MRNET, or DataFrame
        A fitted learner, or its table `edges_`, whole or in part.
    path : path
        Its suffix names the separator: tabs for ``.tsv`` and ``.txt``, commas for ``.csv``. A file
        that exists is replaced, in one step.
    form : {"pyscenic", "aracne", "viper", "decoupler"}
        Which tool's columns; see Notes.

    Raises
    ------
    DataError
        An unknown suffix, a folder that is not there or not writable, or a table without a column
        that the form needs, or with the same source and target twice.
    ParameterError
        `form` is none of the four, or `net` is neither a fitted learner nor a table.

    See Also
    --------
    write_network : The graph as GraphML or SIF, for Cytoscape.

    Notes
    -----
    Only pairs of a `weight` above 0 are written which are `direct`, if the table says so, and of a
    consensus only those in its graph, the largest first, each with its regulator before its target.
    Of a learner without `direction`, a pair of two regulators is written in both directions, as
    either may regulate the other; without `regulators`, that is every pair. With `direction`, and
    of a table, the rows are written as they stand.

    pyscenic
        ``TF``, ``target``, ``importance``: the weight.
    aracne
        ``Regulator``, ``Target``, ``MI`` (nats) and ``pvalue``, which is not corrected.
    viper
        ``regulator``, ``target``, ``mor`` and ``likelihood``. The mode of regulation is
        :math:`s \sqrt{1 - e^{-2I}}`, with the sign s of Spearman's correlation and the information
        I, at least 0: a correlation, if the columns are normal. It is 0 where a pair has no sign.
        The likelihood is the information relative to the largest of the same regulator.
    decoupler
        ``source``, ``target``, ``weight``: the weight with the sign. Pairs without a sign are left
        out, since a weight of 0 is no edge there.

    An infinite value, as of two equal columns, is written as twice the largest other, or 1 if there
    is no other.

    References
    ----------
    Linfoot (1957), "An informational measure of correlation", Information and Control 1.
    Alvarez, Shen, Giorgi, Lachmann, Ding, Ye and Califano (2016), "Functional characterization of
    somatic mutations in cancer using network-based inference of protein activity", Nature Genetics
    48, Online Methods.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import pandas as pd
    >>> import mistruct as ms
    >>> rng = np.random.default_rng(0)
    >>> tf = rng.normal(size=300)
    >>> table = pd.DataFrame({"TF": tf, "up": tf + rng.normal(size=300)})
    >>> table["down"] = rng.normal(size=300) - tf
    >>> net = ms.ARACNE(regulators=["TF"]).fit(table)
    >>> path = Path(tempfile.mkdtemp(), "regulons.tsv")
    >>> ms.write_regulatory_network(net, path, "viper")
    >>> pd.read_csv(path, sep="\t").round(2)
      regulator target   mor  likelihood
    0        TF     up  0.74        1.00
    1        TF   down -0.72        0.94
    """
    check_choice("form", form, get_args(Form))
    suffix = Path(path).suffix.lower()
    if suffix not in _SEPARATORS:
        raise DataError(
            f"cannot write {os.fspath(path)!r}: its suffix must be .tsv, .txt (tabs) or .csv "
            f"(commas), got {suffix!r}"
        )
    needed, make = _FORMS[form]
    edges = _edges_of(net)
    absent = [c for c in ("source", "target", "weight", *needed) if c not in edges]
    if absent:
        raise DataError(
            f"form {form!r} needs the columns {', '.join(map(repr, absent))}, which the edges "
            f"({', '.join(map(repr, edges.columns))}) do not have"
        )
    edges = in_network(edges)
    twice = edges.duplicated(["source", "target"])
    if twice.any():
        source, target = edges.loc[twice, ["source", "target"]].iloc[0]
        raise DataError(f"the edge from {source!r} to {target!r} stands twice in the table")
    edges = edges.sort_values("weight", ascending=False, kind="stable")
    table = pd.DataFrame(make(edges.assign(weight=_finite(edges["weight"]))))
    with replacing(path) as temporary:
        table.to_csv(temporary, sep=_SEPARATORS[suffix], index=False, lineterminator="\n")


def _edges_of(net: Any) -> pd.DataFrame:
    """The edges with a row for each direction in which one may regulate the other."""
    if isinstance(net, pd.DataFrame):
        return net
    if not isinstance(net, NetworkLearner) or not hasattr(net, "edges_"):
        raise ParameterError(
            f"net must be a fitted ARACNE, CLR or MRNET, or its edges_, got {net!r}"
        )
    edges = net.chosen_edges()
    if net.directed:
        return edges
    back = edges[edges["target"].isin(net.regulators_)]
    turned = back.rename(columns={"source": "target", "target": "source"})
    return pd.concat([edges, turned], ignore_index=True)


def _finite(values: pd.Series[float]) -> pd.Series[float]:
    """Replace infinite values by twice the largest finite one."""
    largest = values[np.isfinite(values)].max()
    return values.clip(upper=2.0 * largest if largest > 0 else 1.0)


def _pyscenic(edges: pd.DataFrame) -> dict[str, Any]:
    return {"TF": edges["source"], "target": edges["target"], "importance": edges["weight"]}


def _aracne(edges: pd.DataFrame) -> dict[str, Any]:
    return {
        "Regulator": edges["source"],
        "Target": edges["target"],
        "MI": _finite(edges["mi"]),
        "pvalue": edges["p_value"],
    }


def _viper(edges: pd.DataFrame) -> dict[str, Any]:
    mi = edges["mi"].clip(lower=0.0)
    finite = _finite(mi)
    largest = finite.groupby(edges["source"]).transform("max")
    return {
        "regulator": edges["source"],
        "target": edges["target"],
        "mor": edges["sign"] * np.sqrt(-np.expm1(-2.0 * mi)),
        "likelihood": finite / largest.where(largest > 0, 1.0),
    }


def _decoupler(edges: pd.DataFrame) -> dict[str, Any]:
    edges = edges[edges["sign"] != 0]
    weight = edges["sign"] * edges["weight"]
    return {"source": edges["source"], "target": edges["target"], "weight": weight}


# The columns that each form needs beside source, target and weight, and how it is made of them.
_FORMS: dict[str, tuple[tuple[str, ...], Callable[[pd.DataFrame], dict[str, Any]]]] = {
    "pyscenic": ((), _pyscenic),
    "aracne": (("mi", "p_value"), _aracne),
    "viper": (("mi", "sign"), _viper),
    "decoupler": (("sign",), _decoupler),
}
