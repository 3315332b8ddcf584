"""The words of a confound report: sentences, warnings, the verdict and methods."""
