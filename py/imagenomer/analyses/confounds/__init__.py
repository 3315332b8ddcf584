"""Confounds: whether an association is one, or something else makes it seem so."""
