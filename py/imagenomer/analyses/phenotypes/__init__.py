"""Phenotypes: how they are distributed, and how they are associated with each other."""
