"""Contact creation: the project's template for a new contact, if the account wants it, once per contact and number."""
