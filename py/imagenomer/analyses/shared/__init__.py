"""What the analyses of several tabs share."""
