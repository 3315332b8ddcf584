"""ImageNomer: explore connectivity, genotypes and phenotypes, and find what confounds them."""

__version__ = "0.1.0"
