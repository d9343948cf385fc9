"""Conversations out: splits, other trainers' formats, data cards."""
