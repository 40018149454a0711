"""Estimators from the Gaussian copula, and what neighbours find beyond it."""
