"""Commands that repair: replay, redrive, sweep, restore, quarantine."""
