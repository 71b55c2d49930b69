"""THE TEXTS: prompts, a family of GPTs, their training and their sampling. Knows no study, no database and no queue."""
