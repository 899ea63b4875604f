"""Lead to won: deals, stages, gate reviews, votes."""
