"""Authors matched with contacts from files, on an operator's machine: the same rules as in the pipeline."""
