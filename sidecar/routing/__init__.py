"""Which rule a request gets: the files in its context, and the first rule that matches."""
