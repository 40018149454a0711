"""Loops over the edges of graphs, over sets of neighbours and over orders."""
