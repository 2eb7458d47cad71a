"""Commands for set-up: configure, doctor, send."""
