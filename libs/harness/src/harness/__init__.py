"""Starts real backends and the services; a pytest plugin; what demo, benchmarks and fault runs stand on."""
