"""Pretraining and parameter-efficient fine-tuning."""
