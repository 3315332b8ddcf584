"""Confounds: whether something else explains an association."""
