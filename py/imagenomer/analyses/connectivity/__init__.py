"""Connectivity: what a cohort's scans hold, how good they are, and what sites leave in them."""
