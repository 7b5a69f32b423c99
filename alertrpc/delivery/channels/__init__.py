"""One file a kind of media type: each tries once to send, and says sent, try again, or give up."""
