"""What is optimized: pictures and regions at each level, and the loss of them."""
