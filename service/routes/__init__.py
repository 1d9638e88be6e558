"""The HTTP interface, one file a subject. Each makes a router from the parts it needs; `service.app` puts them together."""
