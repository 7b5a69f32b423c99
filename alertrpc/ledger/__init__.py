"""What is put on record in one transaction: problems, their recoveries, and the alerts that actions make of them."""
