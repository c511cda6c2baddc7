"""Parts of the application stack: the load balancer, the task and its image."""
