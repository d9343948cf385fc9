"""OpenAI's protocol, spoken and served."""
