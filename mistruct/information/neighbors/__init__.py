"""Estimators from distances to nearest neighbours."""
