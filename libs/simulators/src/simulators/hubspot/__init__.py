"""HubSpot as a real server: its authorize screen and its API on one address, its calls towards an app, and the truth.

Written from HubSpot's public contract alone; "contract" in these modules means the fact sheet of it.
It shares no code with the client libraries, or it would agree with their mistakes.
"""
