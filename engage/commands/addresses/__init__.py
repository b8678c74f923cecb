"""The commands of addresses and their points."""
