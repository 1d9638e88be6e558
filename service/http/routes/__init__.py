"""The HTTP interface, one file a subject. Each makes a router of the parts it needs; `service.app` joins them."""
