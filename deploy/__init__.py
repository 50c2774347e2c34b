"""Where the service runs: image, compose, Space, Kubernetes, and what watches over it."""
