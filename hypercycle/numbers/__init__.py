"""Exact numbers: what is a number, lengths with units, the clock."""
