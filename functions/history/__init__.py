"""What the runs of a schedule say together: is a failure new, does it go on, is it over."""
