"""Adapters to AWS, one outside thing each: tables, bucket, queues, topic, secrets."""
