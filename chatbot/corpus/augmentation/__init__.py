"""Conversations rewritten and extended by a language model, or offline."""
