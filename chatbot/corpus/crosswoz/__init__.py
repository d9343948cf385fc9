"""CrossWOZ in: hotel segments cut out of its dialogues, with calls that replay."""
