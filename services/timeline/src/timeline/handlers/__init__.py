"""The use cases: keeping a reply, giving it to accounts, and bringing it to the contact's timeline once."""
