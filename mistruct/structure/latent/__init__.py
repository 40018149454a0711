"""Causal graphs where causes may be hidden."""
