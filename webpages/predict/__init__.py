"""From candidates to answers: models, rules and decoding."""
