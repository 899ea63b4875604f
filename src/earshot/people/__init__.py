"""Units, people, logins, posts and skills, named permissions, working calendars, standing."""
