"""Estimators that count the joint states of discrete or binned columns."""
