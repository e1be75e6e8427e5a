"""What clients speak: read a request, write an answer, an error, a stream's end."""
