"""`make poison`: runs whose files or API answers are made to kill the functions."""
