"""The services behind inference endpoints, one file each; the file's name is the `service` of an endpoint."""
