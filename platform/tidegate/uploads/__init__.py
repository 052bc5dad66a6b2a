"""Pictures that people bring along, as inputs of jobs."""
