"""The trainer's command line, one module a group of commands."""
