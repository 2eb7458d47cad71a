"""Archives runs: plan, download, store, report, announce."""
