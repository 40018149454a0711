"""The page of a network: `explore`."""

from __future__ import annotations

import html
import os
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import networkx as nx

from mistruct.errors import ParameterError, nearest_names

if TYPE_CHECKING:
    import pandas as pd

    from mistruct.structure.reasons import Reasons


@dataclass(frozen=True)
class NetworkPage:
    """An HTML page of a network, made by :func:`explore`; notebooks show it.

    Attributes
    ----------
    html : str
        The whole page.
    """

    html: str = field(repr=False)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page to a file, which any browser opens.

        Parameters
        ----------
        path : path
            Should end in ``.html``.

        Raises
        ------
        DataError
            The file cannot be written.
        """
        from mistruct.atomic import replacing

        with replacing(Path(path)) as temporary:
            temporary.write_text(self.html, encoding="utf-8", newline="")

    def _repr_html_(self) -> str:
        """The page in a frame of its own, for notebooks."""
        # On one line: what indents the lines would change the scripts, which the policy forbids.
        page = html.escape(self.html).replace("\n", "&#10;")
        return (
            '<iframe title="Network" width="100%" height="900" style="border:0" '
            f'sandbox="allow-scripts allow-downloads" srcdoc="{page}"></iframe>'
        )


def explore(
    network: Any,
    data: Any = None,
    *,
    target: Hashable | None = None,
    columns: pd.DataFrame | None = None,
    data_points: bool = False,
    title: str = "Network",
) -> NetworkPage:
    """Make a page of a network that says why each edge is there, and why others are not.

    The page is one file without links to others, and opens in any browser, also without a network
    connection. Its parts are in the user guide.

    Parameters
    ----------
    network : fitted learner, networkx.Graph, or list of two of these
        A learner brings its reasons along. Two networks are shown side by side, and what the
        second keeps, loses and gains; a :class:`DifferentialNetwork` of two groups has both.
    data : Dataset, DataFrame, array of shape (n_samples, n_variables), or AnnData, optional
        The table, for a picture of each pair of columns.
    target : node, optional
        The node to put in the centre of interest.
    columns : pandas.DataFrame, optional
        What else to colour the nodes by. Its index has the names of nodes.
    data_points : bool, default False
        Whether the page may hold rows of `data`, for scatter plots. By default it holds counts on
        coarse grids and rounded quantiles.
    title : str

    Returns
    -------
    NetworkPage
        With a method `save`.

    Raises
    ------
    ParameterError
        `network` is no network, `target` not one of its nodes, or `data_points` comes without
        `data`.
    DataError
        The table is not fit.

    Examples
    --------
    >>> import pandas as pd
    >>> import mistruct as ms
    >>> table = pd.DataFrame({"a": [0, 1] * 50, "b": [0, 1] * 40 + [1, 0] * 10, "c": [0] * 100})
    >>> page = ms.explore(ms.ChowLiu(alpha=0.01).fit(table), table)
    >>> page.save("network.html")  # doctest: +SKIP
    """
    networks = list(network) if isinstance(network, (list, tuple)) else [network]
    if len(networks) not in (1, 2):
        raise ParameterError(f"network must be one network or two, got {len(networks)}")
    graphs, reasons, names = zip(*(part for n in networks for part in _parts(n)), strict=True)
    if len(graphs) > 2:
        raise ParameterError(f"network must be one network or two, got {len(graphs)}")
    return page_of(graphs, reasons, data, target, columns, data_points, title, names)


def page_of(
    graphs: Sequence[nx.Graph],
    reasons: Sequence[Reasons],
    data: Any = None,
    target: Hashable | None = None,
    columns: pd.DataFrame | None = None,
    data_points: bool = False,
    title: str = "Network",
    names: Sequence[str] = (),
) -> NetworkPage:
    """A page of one or two graphs whose reasons are known; otherwise as `explore`."""
    from mistruct.data.dataset import as_dataset
    from mistruct.page.content import content
    from mistruct.page.document import document

    nodes = {n for graph in graphs for n in graph}
    if target is not None and target not in nodes:
        raise ParameterError(
            f"target must be a node of the graph, got {target!r}{nearest_names(target, nodes)}"
        )
    if data_points and data is None:
        raise ParameterError("data_points needs data, the table whose rows it shows")
    table = None if data is None else as_dataset(data, missing="testwise")
    named = [*names] if any(names) else ["first", "second"]
    called = named if len(graphs) == 2 else []
    held = content(graphs, reasons, called, table, target, columns, data_points)
    return NetworkPage(document(held, title))


def _parts(network: Any) -> Sequence[tuple[nx.Graph, Reasons, str]]:
    """The graphs of a network, each with its reasons and what it is called, if there are two."""
    from mistruct.structure.learner import StructureLearner
    from mistruct.structure.reasons import Reasons

    if isinstance(network, StructureLearner):
        if not hasattr(network, "graph_"):
            raise ParameterError(f"network must be fitted, got {network!r}; call fit first")
        return network.networks()
    if isinstance(network, nx.Graph):
        return [(network, Reasons([], []), "")]
    raise ParameterError(
        f"network must be a learner or a networkx graph, got {type(network).__name__}"
    )
