"""Archives runs: plan, download, store, report, tell."""
