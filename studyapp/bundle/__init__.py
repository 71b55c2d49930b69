"""The bundle as a file: its tables, how it is packed, and how one is read again."""
