"""The phrase bank: how people say what they want of a hotel search, and turns made of it."""
