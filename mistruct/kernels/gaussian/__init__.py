"""Ranks, correlations, regressions and densities."""
