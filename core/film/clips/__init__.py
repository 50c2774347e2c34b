"""Files of clips: the sandbox that opens them, frames out of them, films into them."""
