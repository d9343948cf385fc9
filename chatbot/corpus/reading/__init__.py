"""One reader for every form of conversations, and what each form is written as: what is written comes back equal."""
