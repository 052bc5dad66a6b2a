"""The pages, one module per place in the product. A view translates and calls one service."""
