"""Checkpoints into other checkpoints: converted, merged, extracted."""
