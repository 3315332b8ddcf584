"""The tables of a confound report, by what they are of."""
