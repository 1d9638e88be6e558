"""Items: schema, readers, data set loaders, the columnar store."""
