"""Methods that train one network which takes the preference as an input, so that one model serves any weights."""
