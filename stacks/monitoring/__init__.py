"""Parts of the monitoring stack: alarms, metrics, the dashboard, the drift check."""
