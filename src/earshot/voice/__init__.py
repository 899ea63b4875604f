"""What the customer said, who must hear it, and who has."""
