"""The one timer: due times in business time and a ladder of steps, stored from birth."""
