"""What the chatbot says: facts computed from records, and the sentences they are said in."""
