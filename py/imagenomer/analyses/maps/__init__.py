"""Maps: arithmetic with maps, and comparisons of them."""
