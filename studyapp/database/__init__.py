"""The database as a part that has a clock, an encoding and locks, and may be away; and its backup."""
