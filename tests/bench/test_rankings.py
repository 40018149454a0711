"""How well true edges are ranked, on generated networks whose tables look like a benchmark's.

The weights of `mistruct.structure.ranked_edges` were chosen on networks like these: of many that
are generated those are kept whose table is most like one of three with 100 genes and 100 samples of
the DREAM4 challenge, in how strong correlations are and how they gather around genes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtri
from scipy.stats import rankdata
from sklearn.metrics import average_precision_score

import mistruct as ms
from tests.structure.genomes import Genome, expression, genome

N_DRAWN, N_KEPT = 2000, 40

# `look` of the three tables, which are not part of this project.
BENCHMARK = np.array(
    [
        [0.07, 0.12, 0.18, 0.22, 0.34, 0.56, 0.06, 0.14, 0.37, 0.07, 0.04, 0.02, 0.33, 0.56],
        [0.07, 0.13, 0.19, 0.24, 0.37, 0.62, 0.06, 0.17, 0.38, 0.10, 0.05, 0.03, 0.32, 0.62],
        [0.08, 0.14, 0.21, 0.27, 0.48, 0.77, 0.09, 0.20, 0.43, 0.15, 0.09, 0.06, 0.41, 0.77],
    ]
)


def look(table: np.ndarray) -> np.ndarray:
    """How strong correlations are, on how few factors they rest, and how they gather."""
    correlation = np.corrcoef(ndtri(rankdata(table, axis=0) / (len(table) + 1)).T)
    strength = np.abs(correlation - np.eye(len(correlation)))
    of_pairs = strength[np.triu_indices(len(strength), 1)]
    explained = np.cumsum(np.linalg.eigvalsh(correlation)[::-1]) / len(correlation)
    partners = np.sort((strength > 0.3).mean(axis=0))[::-1]
    return np.concatenate(
        [
            np.quantile(of_pairs, [0.5, 0.75, 0.9, 0.95, 0.99, 0.999]),
            explained[[0, 2, 9]],
            partners[[0, 10, 25]],
            np.quantile(strength.max(axis=0), [0.5, 0.9]),
        ]
    )


def hard_networks() -> list[tuple[Genome, pd.DataFrame]]:
    """Those that look most like the benchmark, of many drawn with all kinds of parameters."""
    rng = np.random.default_rng(0)
    drawn: list[tuple[float, Genome, pd.DataFrame]] = []
    for _ in range(N_DRAWN):
        made = genome(
            rng,
            regulators=rng.uniform(0.1, 0.7),
            exponent=rng.uniform(0.2, 1.4),
            n_parents=rng.uniform(1.7, 2.3),
            loops=rng.uniform(0.0, 0.4),
            effects=(rng.uniform(0.1, 1.0), rng.uniform(1.0, 6.0)),
        )
        table = expression(
            rng,
            made,
            perturbation=rng.uniform(0.1, 1.0),
            noise=np.exp(rng.uniform(np.log(0.02), 0.0)),
            spread=rng.uniform(0.0, 1.2),
        )
        distance = np.linalg.norm(BENCHMARK - look(table.to_numpy()), axis=1).min()
        drawn.append((float(distance), made, table))
        drawn = sorted(drawn, key=lambda d: d[0])[:N_KEPT]
    return [(made, table) for _, made, table in drawn]


def precision(made: Genome, edges: pd.DataFrame, score: str, directed: bool) -> float:
    """Area under the curve of precision and recall of directed edges."""
    scores = edges.set_index(["source", "target"])[score]
    if not directed:
        scores = pd.concat([scores, scores.swaplevel()])
    return float(average_precision_score([pair in made.edges() for pair in scores.index], scores))


@pytest.mark.long
def test_weights_rank_true_edges_higher(request: pytest.FixtureRequest) -> None:
    rows = []
    for made, table in hard_networks():
        aracne = ms.ARACNE(alpha=None).fit(table).edges_
        behind = aracne["mi"].where(aracne["direct"], aracne["mi"] - aracne["mi"].max())
        row = {
            "information": precision(made, aracne, "mi", directed=False),
            "information, explained last": precision(
                made, aracne.assign(behind=behind), "behind", directed=False
            ),
            "aracne": precision(made, aracne, "weight", directed=False),
        }
        for learner in (ms.CLR(alpha=None), ms.MRNET(alpha=None)):
            edges = learner.fit(table).edges_
            row[learner.algorithm] = precision(made, edges, "weight", directed=False)
        for learner in (ms.ARACNE, ms.CLR, ms.MRNET):
            edges = learner(alpha=None, direction="hubs").fit(table).edges_
            row[f"{learner.algorithm}, hubs"] = precision(made, edges, "weight", directed=True)
        rows.append(row)
    means = pd.DataFrame(rows).mean()
    plugins: Any = request.config.pluginmanager
    plugins.getplugin("terminalreporter").write_line(f"mean AUPR: {means.round(3).to_dict()}")
    assert means["aracne"] > means[["information", "information, explained last"]].max()
    assert means["aracne"] > means["clr"]
    hubs = [f"{name}, hubs" for name in ("aracne", "clr", "mrnet")]
    assert means[hubs].min() > 1.3 * means["aracne"]
