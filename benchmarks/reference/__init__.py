"""The same style transfer as PyTorch users write it: the other side of every comparison.

`nn.Module`, `torch.optim`, eager by default. Only the list of VGG's layers and the weights' file are
nstjax's.
"""
