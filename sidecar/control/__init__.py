"""What a user can do, validated, in one transaction each. Every front end calls this and nothing else."""
