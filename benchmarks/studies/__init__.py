"""Studies of what the literature claims of cycles: ``python -m studies list``, in benchmarks/."""
