"""Tables that people have (files, frames, arrays, streams) as finite numbers, by one encoder."""
