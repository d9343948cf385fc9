"""A simulated user who talks to the chatbot."""
