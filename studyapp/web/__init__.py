"""What stands around every page: sizes, limits, logs, health, and what is said in an outage."""
