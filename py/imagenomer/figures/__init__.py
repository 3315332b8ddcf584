"""Figures: a result becomes a Matplotlib figure, a matrix becomes pixels."""
