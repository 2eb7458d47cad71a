"""What watches the stack: metrics, alarms, alerts, the dashboard."""
