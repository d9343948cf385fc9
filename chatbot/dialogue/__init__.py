"""One turn of the chatbot."""
