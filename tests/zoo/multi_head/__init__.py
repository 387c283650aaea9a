"""Multi-head attention: right bases cut into parts, wrong and right ones made of them."""
