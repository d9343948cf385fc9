"""How each family of models writes messages, tools and calls."""
