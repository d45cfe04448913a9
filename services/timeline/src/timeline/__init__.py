"""Every inbound iMessage on its contact's HubSpot timeline, once, soon, whatever fails."""
