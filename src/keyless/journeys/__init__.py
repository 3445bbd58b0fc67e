"""What a user knows by name: survey, migrate, rollback, finish, status, verify, watch. Composed from the rooms below."""
