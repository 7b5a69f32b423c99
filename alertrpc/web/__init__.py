"""Routes, content types, CORS, sizes and streaming: the only room that knows HTTP."""
