"""Genotypes: ancestry, variants and what is associated with them."""
