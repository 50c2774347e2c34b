"""What goes over the wire: bodies and fields, pictures, JSON, problems."""
