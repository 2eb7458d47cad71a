"""What every part of the stack uses: the code asset, metrics' names, the checks' answers."""
