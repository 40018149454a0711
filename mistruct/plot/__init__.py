"""Pictures of networks and two compared, matrices, rankings and contingency tables, on axes."""

from mistruct.plot.comparison import plot_comparison
from mistruct.plot.contingency_table import plot_contingency_table
from mistruct.plot.heatmap import plot_information_matrix
from mistruct.plot.network import plot_network
from mistruct.plot.ranking import plot_ranking

__all__ = [
    "plot_comparison",
    "plot_contingency_table",
    "plot_information_matrix",
    "plot_network",
    "plot_ranking",
]
