"""From likes, dislikes and corrections to a model that prefers what people preferred."""
