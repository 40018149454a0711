"""From a learned graph to pgmpy models and to files; pgmpy itself is imported only when used."""

from mistruct.export.markov_network import to_markov_network
from mistruct.export.network_files import read_network, write_network
from mistruct.export.pgmpy_models import to_bayesian_network

__all__ = ["read_network", "to_bayesian_network", "to_markov_network", "write_network"]
