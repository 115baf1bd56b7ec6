"""What a step of a log is made of: samples with their tokens, captured in groups, with predictions."""
