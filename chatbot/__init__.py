"""The hotel chatbot workbench: from hotel dialogues to a measured, grounded, function-calling chatbot."""
