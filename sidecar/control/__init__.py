"""What a user can do, each change validated and in one transaction: every front end calls this and nothing else."""
