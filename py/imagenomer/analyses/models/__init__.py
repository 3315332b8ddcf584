"""Models: predictions, and what models weigh."""
