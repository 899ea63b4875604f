"""The one timer: due times in business time, a ladder of steps, the sweep that fires them, alarms."""
