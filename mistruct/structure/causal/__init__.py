"""Candidate causal graphs from tests: PC and its parts."""
