"""Labelled people for measuring who is matched to whom: a generator, its scenarios, and the measures."""
