"""Records in one transaction: problems, their recoveries, and the alerts that actions create for them."""
