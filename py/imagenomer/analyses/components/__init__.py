"""Components of connectivity, and what is associated with them."""
