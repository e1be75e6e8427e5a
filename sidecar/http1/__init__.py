"""A lean HTTP/1.1 client for requests to providers: connections that are kept, one answer at a time on each."""
