"""What a user can ask, one file each: (Project, arguments) → report. Nothing here prints."""
