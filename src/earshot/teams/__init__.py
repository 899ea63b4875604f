"""Virtual teams: seats, one of them the leader's, and memberships that each person accepts for him- or herself."""
