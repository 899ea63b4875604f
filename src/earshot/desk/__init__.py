"""What several rooms put before one person: my day, search, timelines."""
