"""The options that several commands share.

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
        "or of Stata, SPSS, SAS or Weka.",
    ),
]
Output = Annotated[
    Path, typer.Option(metavar="FOLDER", help="Where the files go; made if it is not there.")
]
Target = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="Column of interest: highlighted, root of a model."),
]
CorrectionName = Literal["bonferroni", "bh", "none"]
Correction = Annotated[
    CorrectionName,
    typer.Option(
        help="What alpha bounds: the chance of any false edge, the share of false edges, or the "
        "chance of each alone."
    ),
]
Kinds = Annotated[
    list[str],
    typer.Option(
        "--kind",
        metavar="COLUMN=KIND",
        help="Take a column as discrete, ordinal or continuous, whatever it looks like; 'V*' is a "
        "pattern; may repeat.",
    ),
]
KindsFile = Annotated[
    Path | None,
    typer.Option(
        "--kinds",
        metavar="FILE",
        help="Kinds of many columns, as describe --output writes them: .csv.",
    ),
]
Missing = Annotated[
    Policy,
    typer.Option(
        help="Missing entries: refuse them, use the rows that are complete for each pair, or take "
        "them as a state of their own."
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
    str | None, typer.Option(metavar="COLUMN", help="Column that names the rows, no variable.")
]
Transpose = Annotated[
    bool, typer.Option("--transpose", help="Variables are rows; the first column names them.")
]
Drop = Annotated[
    list[str],
    typer.Option(
        metavar="COLUMN",
        help="Column, or sample of a turned table, to leave out; 'id_*' is a pattern; may repeat.",
    ),
]
Marks = Annotated[
    list[str],
    typer.Option(
        "--missing-mark",
        metavar="TEXT",
        help="Exactly what stands for a missing entry, instead of the usual marks; may repeat.",
    ),
]
Separator = Annotated[
    str | None, typer.Option(metavar="CHARACTER", help="Between the fields of text, if not seen.")
]
Decimal = Annotated[
    Literal[".", ","] | None, typer.Option(help="Decimal mark of text, if not seen.")
]
Comment = Annotated[
    str | None,
    typer.Option(
        metavar="TEXT", help="How lines of text begin that are left out; default # and !."
    ),
]
Header = Annotated[
    bool | None,
    typer.Option("--header/--no-header", help="Whether the first row has the names of columns."),
]
Encoding = Annotated[
    str | None, typer.Option(metavar="NAME", help="Of text, such as latin-1; by default UTF-8.")
]
Sheet = Annotated[
    str | None, typer.Option(metavar="NAME", help="Sheet of an .xlsx file, instead of the first.")
]
Duplicates = Annotated[
    Literal["sum", "mean", "first"] | None,
    typer.Option(help="What becomes of variables with one name, where they are rows."),
]
Layer = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Layer of an .h5ad file, instead of X; raw is its raw."),
]
Obs = Annotated[
    list[str],
    typer.Option(
        metavar="COLUMN", help="Column of obs to take along, of an .h5ad file; may repeat."
    ),
]
Discretize = Annotated[
    Method | None,
    typer.Option(help="Bin the continuous columns first; by default they are taken as they are."),
]
Bins = Annotated[
    int | None,
    typer.Option(
        metavar="NUMBER",
        help="Number of bins, with --discretize; by default the fourth root of rows.",
    ),
]
Given = Annotated[
    list[str], typer.Option(metavar="COLUMN", help="Condition on this column; may repeat.")
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
    typer.Option(help="Of the mutual information; auto goes by the kinds of the columns."),
]
Test = Annotated[
    Literal["auto", "g", "copula", "knn", "hybrid"],
    typer.Option(
        help="Of independence; auto is g between discrete columns, copula where one is continuous."
    ),
]
Bootstraps = Annotated[
    int | None,
    typer.Option(
        "--bootstraps",
        "--bootstrap",
        metavar="NUMBER",
        help="Learn from so many samples of the rows, and say in how many of them each edge is.",
    ),
]
Checkpoint = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="Keeps finished bootstraps, to go on after an end."),
]
Seed = Annotated[int, typer.Option(metavar="NUMBER", help="Of whatever is drawn at random.")]


@dataclass(frozen=True)
class Source:
    """What of a file is the table."""

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
    """What the columns are taken for."""

    discretize: Discretize = None
    bins: Bins = None
    kind: Kinds = field(default_factory=list)
    kinds: KindsFile = None
    missing: Missing = "raise"
