"""Who does the work of requests: this process, or others."""
