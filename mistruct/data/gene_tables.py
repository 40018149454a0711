"""Tables of genes: duplicate genes, columns that describe genes, and `adata.raw`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import pandas as pd

from mistruct.data.notes import Note, listed
from mistruct.errors import DataError, ParameterError, Setting, check_choice

if TYPE_CHECKING:
    from anndata import AnnData

#: What becomes of genes with one name.
Duplicates = Literal["sum", "mean", "first"]

# How columns are called that describe genes, in tables of genes as rows.
_ANNOTATION = re.compile(
    r"(entrez.*|ensembl.*|refseq.*|gene[ _.-]?(id|ids|name|names|symbol|symbols|type|biotype|length"
    r"|description|title|assignment)|hugo.*|symbol|id|ids|id_ref|name|names|description|desc|title"
    r"|biotype|type|chr|chrom|chromosome|start|end|stop|length|strand|band|cytoband|locus.*"
    r"|probe.*|accession|geneid|feature.*|unigene.*|gene)$",
    re.IGNORECASE,
)

#: How the column that names genes is called.
NAMES_OF_GENES = re.compile(
    r"(gene.*|genes|symbol|hugo.*|id_ref|probe.*|ensembl.*|entrez.*|feature.*|name|protein.*"
    r"|transcript.*|mirna.*|cpg.*|otu.*|taxon.*|locus.*)$",
    re.IGNORECASE,
)


def raw_of(adata: AnnData) -> tuple[Any, Any]:
    """Matrix of `adata.raw`, and the names of its genes."""
    if adata.raw is None:
        raise ParameterError("layer: this AnnData has no raw, got 'raw'")
    return adata.raw.X, adata.raw.var_names


def merged_duplicates(frame: pd.DataFrame, how: str | None) -> pd.DataFrame:
    """Combine columns that have the same name.

    Raises
    ------
    DataError
        A name stands twice, and nobody said what becomes of it.
    """
    if how is not None:
        check_choice("duplicates", how, get_args(Duplicates))
    if frame.columns.is_unique:
        return frame
    if how is None:
        counts = Counter(map(str, frame.columns))
        ((name, times),) = counts.most_common(1)
        raise DataError(
            f"column names must differ, but {name!r} stands {times} times; take their ",
            "sum, their mean or the first with ",
            Setting("duplicates", "sum"),
            ", 'mean' or 'first'",
        )
    if how == "first":
        return frame.loc[:, ~frame.columns.duplicated()]
    places: dict[Any, list[int]] = {}
    for i, name in enumerate(frame.columns):
        places.setdefault(name, []).append(i)
    values = frame.to_numpy()
    if values.dtype.kind not in "iuf":
        raise DataError(
            f"columns of one name must hold numbers for their {how}; keep one of them with ",
            Setting("duplicates", "first"),
        )
    reduce = np.sum if how == "sum" else np.mean
    merged = {name: reduce(values[:, at], axis=1) for name, at in places.items()}
    return pd.DataFrame(merged, index=frame.index)


def annotation_columns(names: Sequence[str], numeric: Sequence[bool]) -> list[str]:
    """Names of the columns that describe genes, in a table whose rows are genes.

    Parameters
    ----------
    names : sequence of str
        All columns but the one that names the genes, in order.
    numeric : sequence of bool
        Which of them hold numbers.
    """
    if sum(numeric) < 0.5 * len(names):
        return []
    found = []
    for name, is_numeric in zip(names, numeric, strict=True):
        if is_numeric and not _ANNOTATION.match(name):
            break  # the samples begin
        found.append(name)
    return [*found, *(n for n, i in zip(names, numeric, strict=True) if not i and n not in found)]


def annotation_note(names: Sequence[str]) -> Note:
    """Note that columns describe genes and are dropped."""
    are = "describes" if len(names) == 1 else "describe"
    return Note(
        "annotation",
        tuple(names),
        len(names),
        (f"{listed(names)} {are} the variables and {'is' if len(names) == 1 else 'are'} left out",),
    )


def turn_note() -> Note:
    """Note that rows look like genes."""
    return Note(
        "genes as rows",
        (),
        1,
        ("the rows look like variables, such as genes, and the columns like samples",),
        ("if so: ", Setting("transpose", True)),
    )
