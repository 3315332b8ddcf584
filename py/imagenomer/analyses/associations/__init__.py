"""Associations of connectivity with a phenotype, by edge and by network."""
