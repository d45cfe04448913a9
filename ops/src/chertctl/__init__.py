"""The operator's command: one module per group of verbs, people's tables and scripts' JSON."""
