"""What happened, who did it, to what; deliveries of reactions."""
