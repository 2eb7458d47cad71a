"""`make soak`: thousands of deliveries while Paradime is unwell and workers are killed.

Everything is on loopback, and bounded in number and time.
"""
