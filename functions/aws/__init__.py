"""Adapters to AWS, one service each: tables, bucket, queues, topic, secrets."""
