"""Candidate causal graphs from scores: BOSS and its parts."""
