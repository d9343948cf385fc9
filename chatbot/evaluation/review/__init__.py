"""What a model says of the review: which cards it is least sure of, and what people's work on them is worth."""
