"""Byline with its parts killed at random: `make chaos` shows that nothing that was acknowledged is lost."""
