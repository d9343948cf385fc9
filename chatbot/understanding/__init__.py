"""From what a person says to what is searched: rules that parse, and verifiers of a model's call."""
