"""The way downhill: optimizers, preconditioner, schedule of scales, memory."""
