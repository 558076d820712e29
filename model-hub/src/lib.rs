//! Model files on this machine: presets by short name, the local cache, downloads from a Hugging Face hub.
