"""Compiled kernels: arrays in, numbers or arrays out; they trust what they are given."""
