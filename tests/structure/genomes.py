"""Fake genomes: scale-free regulatory networks, and what a laboratory would measure of them.

A few regulators have many targets, a gene has few regulators. The logarithm of a gene's level is
its basal level plus that of its promoter's activity, which is a Hill function of each regulator: a
sigmoid of a sum of +-h x, with their log levels x and Hill coefficients h, and never less than a
leak. Every sample perturbs the basal levels of all genes a little, as genetic variety does, and is
taken in steady state.
"""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx
import numpy as np
import pandas as pd
from scipy.special import expit

_SWEEPS = 60  # of a damped iteration to the steady state, which loops need
_LEAK = 0.02


@dataclass(frozen=True)
class Genome:
    """A network from regulators to targets over named genes; the attribute `effect` is +-h."""

    network: nx.DiGraph

    @property
    def genes(self) -> list[str]:
        return list(self.network)

    @property
    def regulators(self) -> list[str]:
        return [gene for gene in self.network if self.network.out_degree(gene)]

    def edges(self) -> set[tuple[str, str]]:
        return set(self.network.edges)


def genome(
    rng: np.random.Generator,
    n_genes: int = 100,
    regulators: float = 0.2,
    exponent: float = 0.6,
    n_parents: float = 1.8,
    loops: float = 0.05,
    effects: tuple[float, float] = (0.5, 2.0),
) -> Genome:
    """A network in which the k-th regulator is as popular as k ** -`exponent`.

    `regulators` is the share of the genes that regulate others, `n_parents` how many regulate a
    gene on average, `loops` the share of possible edges that may close a cycle, and `effects` how
    small and how large h is.
    """
    width = len(str(n_genes - 1))
    genes = [f"g{k:0{width}}" for k in rng.permutation(n_genes)]  # names tell nothing
    n_regulators = max(2, round(regulators * n_genes))
    popularity = np.arange(1.0, n_regulators + 1) ** -exponent
    network = nx.DiGraph()
    network.add_nodes_from(sorted(genes))
    for target in range(n_genes):
        allowed = (np.arange(n_regulators) < target) | (rng.random(n_regulators) < loops)
        allowed[target : target + 1] = False
        n = min(1 + rng.poisson(n_parents - 1), int(allowed.sum()))
        chances = np.where(allowed, popularity, 0.0)
        for parent in (
            rng.choice(n_regulators, n, replace=False, p=chances / chances.sum()) if n else ()
        ):
            effect = rng.choice([1.0, 1.0, -1.0]) * rng.uniform(*effects)
            network.add_edge(genes[parent], genes[target], effect=effect)
    return Genome(network)


def expression(
    rng: np.random.Generator,
    made: Genome,
    n_samples: int = 100,
    perturbation: float = 0.4,
    noise: float = 0.2,
    spread: float = 0.0,
) -> pd.DataFrame:
    """Log levels of each gene, one row a sample, with measurement noise.

    Genes differ in how much they are perturbed, and in their noise, by factors whose logarithms
    have the deviation `spread`.
    """
    effects = nx.to_scipy_sparse_array(made.network, weight="effect", format="csr").T
    n_genes = len(made.genes)
    of_gene = rng.lognormal(0.0, spread, size=(2, n_genes, 1)) if spread else np.ones((2, 1, 1))
    basal = perturbation * of_gene[0] * rng.normal(size=(n_genes, n_samples))
    threshold = rng.normal(size=(n_genes, 1))
    usual = np.log(_LEAK + expit(threshold))  # so that levels stay around 0
    levels = basal.copy()
    for _ in range(_SWEEPS):
        activity = np.log(_LEAK + expit(threshold + effects @ levels)) - usual
        levels = 0.5 * levels + 0.5 * (basal + activity)
    measured = levels + noise * of_gene[1] * rng.normal(size=levels.shape)
    return pd.DataFrame(measured.T, columns=made.genes)


def counts(rng: np.random.Generator, levels: pd.DataFrame, depth: float = 1.0) -> pd.DataFrame:
    """Molecules counted in single cells of these log levels: whole numbers, many of them zero.

    `depth` is the mean count of a gene at log level 0 in a cell of average size.
    """
    size = rng.lognormal(0.0, 0.3, size=(len(levels), 1))
    drawn = rng.poisson(depth * size * np.exp(levels.to_numpy()))
    return pd.DataFrame(drawn.astype(float), columns=levels.columns)
