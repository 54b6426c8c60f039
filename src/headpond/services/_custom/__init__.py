"""What the service `custom` is made of: templates of requests, and paths into answers."""
