"""Doors that other servers knock at."""
