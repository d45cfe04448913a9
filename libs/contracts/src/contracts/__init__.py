"""The events and internal HTTP bodies of Chert for HubSpot, as data.

Owns what crosses a border between two of our processes, and nothing that does I/O.
"""
