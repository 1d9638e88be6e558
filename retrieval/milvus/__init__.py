"""Retrieval from a Milvus collection; behind `trimtab.retrieval.protocol`, extra `milvus`."""
