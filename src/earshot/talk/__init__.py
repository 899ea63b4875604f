"""What people say to each other: discussions on anything, messages to a team, and each one's own acknowledgement."""
