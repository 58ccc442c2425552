"""Names of hyperparameters and what they follow; the policies of the literature."""
