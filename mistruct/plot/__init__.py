"""Pictures of networks and of matrices of mutual information, on matplotlib axes."""

from mistruct.plot.heatmap import plot_information_matrix
from mistruct.plot.network import plot_network

__all__ = ["plot_information_matrix", "plot_network"]
