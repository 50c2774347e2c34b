"""The trainer's command line, one module a group of commands, and the error guard around them."""
