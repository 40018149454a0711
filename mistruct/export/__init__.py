"""Export of learned graphs to models, files and AnnData; heavy libraries are imported when used."""

from mistruct.export.anndata_network import store_network
from mistruct.export.markov_network import to_markov_network
from mistruct.export.network_files import read_network, write_network
from mistruct.export.pgmpy_models import to_bayesian_network
from mistruct.export.regulatory_tables import write_regulatory_network

__all__ = [
    "read_network",
    "store_network",
    "to_bayesian_network",
    "to_markov_network",
    "write_network",
    "write_regulatory_network",
]
