"""The HTTP edge: installs, the console's page, and what sister services ask."""
