"""Options that several commands share.

Typer reads them when the command starts, so this file imports nothing of what they choose from.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import typer

Policy = Literal["raise", "testwise", "state"]
Method = Literal["quantile", "equal-width", "bayesian-blocks"]
Data = Annotated[
    Path,
    typer.Argument(
        metavar="DATA",
        readable=False,  # the door says what is wrong with a file
        help="Table: .csv, .tsv, .txt (also compressed), .gct, .parquet, .feather, .h5ad, .xlsx, "
        "of Stata, SPSS, SAS or Weka, or .mistruct, as written by pack.",
    ),
]
Output = Annotated[
    Path, typer.Option(metavar="FOLDER", help="Output folder; created if it does not exist.")
]
Target = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="Column of interest: highlighted, and root of the model."),
]
CorrectionName = Literal["bonferroni", "bh", "none"]
Correction = Annotated[
    CorrectionName,
    typer.Option(
        help="What alpha bounds: the probability of any false edge (bonferroni), the "
        "expected share of false edges (bh), or the error of each edge (none)."
    ),
]
Kinds = Annotated[
    list[str],
    typer.Option(
        "--kind",
        metavar="COLUMN=KIND",
        help="Treat a column as discrete, ordinal or continuous, overriding the guess; 'V*' is a "
        "pattern; may be repeated.",
    ),
]
KindsFile = Annotated[
    Path | None,
    typer.Option(
        "--kinds",
        metavar="FILE",
        help="Kinds of columns as a .csv file, as written by describe --output.",
    ),
]
Missing = Annotated[
    Policy,
    typer.Option(
        help="Missing entries: refuse them (raise), use the rows that are complete for each "
        "quantity (testwise), or treat missing as a state (state)."
    ),
]
Weights = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Column that says how many rows each row stands for, as of counts; no variable.",
    ),
]
Index = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="Column with the names of the rows, not a variable."),
]
Transpose = Annotated[
    bool,
    typer.Option("--transpose", help="Rows are variables, and the first column has their names."),
]
Drop = Annotated[
    list[str],
    typer.Option(
        metavar="COLUMN",
        help="Column to leave out, or sample with --transpose; 'id_*' is a pattern; may be "
        "repeated.",
    ),
]
Marks = Annotated[
    list[str],
    typer.Option(
        "--missing-mark",
        metavar="TEXT",
        help="Text that marks a missing entry, instead of the usual marks; may be repeated.",
    ),
]
Separator = Annotated[
    str | None,
    typer.Option(
        metavar="CHARACTER", help="Separator of the fields of a text file; default: detected."
    ),
]
Decimal = Annotated[
    Literal[".", ","] | None, typer.Option(help="Decimal mark of a text file; default: detected.")
]
Comment = Annotated[
    str | None,
    typer.Option(
        metavar="TEXT", help="Beginning of lines to skip in a text file; default # and !."
    ),
]
Header = Annotated[
    bool | None,
    typer.Option(
        "--header/--no-header", help="Whether the first row has the names of the columns."
    ),
]
Encoding = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Encoding of a text file, such as latin-1; default UTF-8."),
]
Sheet = Annotated[
    str | None, typer.Option(metavar="NAME", help="Sheet of an .xlsx file; default: the first.")
]
Duplicates = Annotated[
    Literal["sum", "mean", "first"] | None,
    typer.Option(help="How to combine variables with the same name, with --transpose."),
]
Layer = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="Layer of an .h5ad file, instead of X; raw selects adata.raw."
    ),
]
Obs = Annotated[
    list[str],
    typer.Option(
        metavar="COLUMN", help="Column of obs to add, from an .h5ad file; may be repeated."
    ),
]
Discretize = Annotated[
    Method | None,
    typer.Option(help="Bin the continuous columns first; by default they are used as they are."),
]
Bins = Annotated[
    int | None,
    typer.Option(
        metavar="NUMBER",
        help="Number of bins, with --discretize; default: the fourth root of the number of rows.",
    ),
]
Given = Annotated[
    list[str], typer.Option(metavar="COLUMN", help="Condition on this column; may be repeated.")
]
EstimatorName = Literal[
    "auto",
    "plug-in",
    "miller-madow",
    "james-stein",
    "grassberger",
    "chao-shen",
    "nsb",
    "copula",
    "copula-knn",
    "ksg",
    "mixed-knn",
    "kde",
    "adaptive-partition",
    "binned",
]
Estimator = Annotated[
    EstimatorName,
    typer.Option(help="Estimator of mutual information; auto chooses by the kinds of the columns."),
]
Test = Annotated[
    Literal["auto", "g", "copula", "knn", "hybrid"],
    typer.Option(
        help="Test of independence; auto uses g for discrete columns, and copula if one is "
        "continuous."
    ),
]
Bootstraps = Annotated[
    int | None,
    typer.Option(
        "--bootstraps",
        "--bootstrap",
        metavar="NUMBER",
        help="Learn from this number of samples of the rows, and report the share that has "
        "each edge.",
    ),
]
Checkpoint = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER", help="Folder for finished bootstraps, to resume an interrupted run."
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Scheduler of a Dask cluster that computes blocks of the work, as tcp://host:8786.",
    ),
]
SafeCSV = Annotated[
    bool,
    typer.Option(
        "--safe-csv",
        help="Write an apostrophe before names, in tables, that a spreadsheet would take for "
        "formulas.",
    ),
]
Page = Annotated[
    bool, typer.Option("--page/--no-page", help="Write network.html, a page to explore.")
]
Seed = Annotated[int, typer.Option(metavar="NUMBER", help="Seed of random numbers.")]


@dataclass(frozen=True)
class Source:
    """Options on how to read the table from its file."""

    index: Index = None
    transpose: Transpose = False
    weights: Weights = None
    drop: Drop = field(default_factory=list)
    layer: Layer = None
    obs: Obs = field(default_factory=list)
    missing_marks: Marks = field(default_factory=list)
    separator: Separator = None
    decimal: Decimal = None
    comment: Comment = None
    header: Header = None
    encoding: Encoding = None
    sheet: Sheet = None
    duplicates: Duplicates = None


@dataclass(frozen=True)
class Columns:
    """Options on the kinds of the columns, binning and missing entries."""

    discretize: Discretize = None
    bins: Bins = None
    kind: Kinds = field(default_factory=list)
    kinds: KindsFile = None
    missing: Missing = "raise"
