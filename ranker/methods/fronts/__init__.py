"""Methods that train one model for each preference; a request gets the model whose preference is nearest."""
