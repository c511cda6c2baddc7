"""What `make rehearse` runs behind the load balancers, as commands for the rehearsal's `--workload`."""
