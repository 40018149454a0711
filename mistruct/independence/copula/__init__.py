"""The test of Gaussian-copula independence."""
