"""Networks of pairwise information: ARACNE, CLR and MRNET."""
