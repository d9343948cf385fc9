"""Figures laid out for people: comparison, plots, reports, votes."""
