"""The product: what people can do, and how it is served."""
