"""Several people at one review: who decides on what, where each item stands, and what they disagree on."""
