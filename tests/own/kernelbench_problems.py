"""Twenty problems of the kinds of KernelBench's level 1, and candidates for some of them.

Products, activations, norms, pools, reductions, scans, convolutions and losses.
"""

HEAD = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n\n"

MODEL = """
class Model(nn.Module):
    def __init__(self{parameters}):
        super().__init__()
        {init}

    def forward(self, {inputs}):
        {forward}


def get_inputs():
    return [{given}]


def get_init_inputs():
    return [{constructed}]
"""


def problem(sizes, inputs, forward, given, init="pass", parameters="", constructed=""):
    text = MODEL.format(
        parameters=parameters and f", {parameters}",
        init=init.replace("\n", "\n        "),
        inputs=inputs,
        forward=forward.replace("\n", "\n        "),
        given=given,
        constructed=constructed,
    )
    return f"{HEAD}{sizes}\n\n{text}"


PROBLEMS = {
    "square_matmul": problem(
        "N = 2048", "A, B", "return torch.matmul(A, B)", "torch.rand(N, N), torch.rand(N, N)"
    ),
    "tall_skinny_transposed_matmul": problem(
        "M = 8192\nK = 32\nN = 1024", "A, B", "return A @ B.T", "torch.rand(M, K), torch.rand(N, K)"
    ),
    "diagonal_matmul": problem(
        "N = 4096\nM = 512", "A, B", "return torch.diag(A) @ B", "torch.rand(N), torch.rand(N, M)"
    ),
    "lower_triangular_matmul": problem(
        "N = 4096",
        "A, B",
        "return torch.tril(torch.matmul(A, B))",
        "torch.rand(N, N).tril(), torch.rand(N, N).tril()",
    ),
    "leaky_relu": problem(
        "batch_size = 4096\ndim = 16384",
        "x",
        "return F.leaky_relu(x, negative_slope=self.negative_slope)",
        "torch.randn(batch_size, dim)",
        "self.negative_slope = negative_slope",
        "negative_slope=0.01",
    ),
    "new_gelu": problem(
        "batch_size = 2048\ndim = 4096",
        "x",
        "return 0.5 * x * (1.0 + torch.tanh(0.7978845608 * (x + 0.044715 * torch.pow(x, 3.0))))",
        "torch.randn(batch_size, dim)",
    ),
    "softmax": problem(
        "batch_size = 4096\ndim = 16384",
        "x",
        "return torch.softmax(x, dim=1)",
        "torch.randn(batch_size, dim)",
    ),
    "batch_norm": problem(
        "batch_size = 16\nfeatures = 64\nside = 128",
        "x",
        "return self.bn(x)",
        "torch.randn(batch_size, features, side, side)",
        "self.bn = nn.BatchNorm2d(num_features)",
        "num_features",
        "features",
    ),
    "rms_norm": problem(
        "batch_size = 112\nfeatures = 64\nside = 512",
        "x",
        "rms = torch.sqrt(torch.mean(x ** 2, dim=1, keepdim=True) + self.eps)\nreturn x / rms",
        "torch.randn(batch_size, features, side)",
        "self.eps = eps",
        "num_features, eps=1e-5",
        "features",
    ),
    "layer_norm": problem(
        "batch_size = 16\nfeatures = 64\nlength = 256",
        "x",
        "return self.ln(x)",
        "torch.randn(batch_size, length, features)",
        "self.ln = nn.LayerNorm(normalized_shape)",
        "normalized_shape",
        "features",
    ),
    "group_norm": problem(
        "batch_size = 112\nfeatures = 64\nnum_groups = 8\nlength = 512",
        "x",
        "return self.gn(x)",
        "torch.randn(batch_size, features, length)",
        "self.gn = nn.GroupNorm(num_groups=num_groups, num_channels=num_features)",
        "num_features, num_groups",
        "features, num_groups",
    ),
    "max_pool_2d": problem(
        "batch_size = 32\nchannels = 64\nheight = 512\nwidth = 256\nkernel_size = 4\nstride = 2",
        "x",
        "return self.maxpool(x)",
        "torch.randn(batch_size, channels, height, width)",
        "self.maxpool = nn.MaxPool2d(kernel_size=kernel_size, stride=stride, padding=1)",
        "kernel_size, stride",
        "kernel_size, stride",
    ),
    "max_over_a_dimension": problem(
        "batch_size = 128\ndim1 = 4096\ndim2 = 4095",
        "x",
        "return torch.max(x, dim=self.dim)[0]",
        "torch.randn(batch_size, dim1, dim2)",
        "self.dim = dim",
        "dim",
        "1",
    ),
    "argmin_over_a_dimension": problem(
        "batch_size = 128\ndim1 = 4096\ndim2 = 4095",
        "x",
        "return torch.argmin(x, dim=self.dim)",
        "torch.randn(batch_size, dim1, dim2)",
        "self.dim = dim",
        "dim",
        "1",
    ),
    "reverse_cumsum": problem(
        "batch_size = 32768\nlength = 32768",
        "x",
        "return torch.cumsum(x.flip(self.dim), dim=self.dim).flip(self.dim)",
        "torch.randn(batch_size, length)",
        "self.dim = dim",
        "dim",
        "1",
    ),
    "dilated_conv_1d": problem(
        "batch_size = 64\nin_channels = 16\nout_channels = 32\nkernel_size = 3\nlength = 4096\n"
        "stride = 3\ndilation = 4",
        "x",
        "return self.conv(x)",
        "torch.randn(batch_size, in_channels, length)",
        "self.conv = nn.Conv1d(\n"
        "    in_channels, out_channels, kernel_size, stride=stride, dilation=dilation\n)",
        "in_channels, out_channels, kernel_size, stride, dilation",
        "in_channels, out_channels, kernel_size, stride, dilation",
    ),
    "depthwise_conv_2d": problem(
        "batch_size = 16\nchannels = 64\nkernel_size = 3\nheight = 512\nwidth = 256",
        "x",
        "return self.conv(x)",
        "torch.randn(batch_size, channels, height, width)",
        "self.conv = nn.Conv2d(\n"
        "    channels, channels, kernel_size, padding=1, groups=channels, bias=False\n)",
        "channels, kernel_size",
        "channels, kernel_size",
    ),
    "transposed_conv_2d": problem(
        "batch_size = 16\nin_channels = 32\nout_channels = 64\nside = 128\nkernel_size = 3",
        "x",
        "return self.conv(x)",
        "torch.randn(batch_size, in_channels, side, side)",
        "self.conv = nn.ConvTranspose2d(in_channels, out_channels, kernel_size)",
        "in_channels, out_channels, kernel_size",
        "in_channels, out_channels, kernel_size",
    ),
    "kl_div_loss": problem(
        "batch_size = 8192\nclasses = 8192",
        "predictions, targets",
        'return F.kl_div(torch.log(predictions), targets, reduction="batchmean")',
        "torch.rand(batch_size, classes).softmax(dim=-1), "
        "torch.rand(batch_size, classes).softmax(dim=-1)",
    ),
    "cross_entropy_loss": problem(
        "batch_size = 32768\nclasses = 4096",
        "predictions, targets",
        "return F.cross_entropy(predictions, targets)",
        "torch.randn(batch_size, classes), torch.randint(0, classes, (batch_size,))",
    ),
}

CANDIDATE = """
class ModelNew(nn.Module):
    def __init__(self{parameters}):
        super().__init__()
        {init}

    def forward(self, {inputs}):
        {forward}
"""


def candidate(inputs, forward, init="pass", parameters=""):
    return HEAD + CANDIDATE.format(
        parameters=parameters and f", {parameters}",
        init=init.replace("\n", "\n        "),
        inputs=inputs,
        forward=forward.replace("\n", "\n        "),
    )


RIGHT = {
    "square_matmul": candidate("A, B", "return torch.einsum('ij,jk->ik', A, B)"),
    "softmax": candidate(
        "x", "e = torch.exp(x - x.amax(1, keepdim=True))\nreturn e / e.sum(1, keepdim=True)"
    ),
    "layer_norm": candidate(
        "x",
        "h = x - x.mean(-1, keepdim=True)\n"
        "h = h * torch.rsqrt(h.square().mean(-1, keepdim=True) + 1e-5)\n"
        "return h * self.ln.weight + self.ln.bias",
        "self.ln = nn.LayerNorm(features)",
        "features",
    ),
    "cross_entropy_loss": candidate(
        "x, y", "return (x.logsumexp(1) - x.gather(1, y[:, None])[:, 0]).mean()"
    ),
    "depthwise_conv_2d": candidate(
        "x",
        "padded = F.pad(x, (1, 1, 1, 1))\nout = 0\n"
        "for i in range(3):\n    for j in range(3):\n"
        "        part = padded[..., i : i + x.shape[2], j : j + x.shape[3]]\n"
        "        out = out + self.conv.weight[:, 0, i, j, None, None] * part\n"
        "return out",
        "self.conv = nn.Conv2d(channels, channels, k, padding=1, groups=channels, bias=False)",
        "channels, k",
    ),
}

WRONG = {
    "square_matmul": ("it returns zeros", candidate("A, B", "return (A + B) * 0")),
    "softmax": (
        "its gradient is detached",
        candidate("x", "return torch.softmax(x.detach(), dim=1) + 0 * x"),
    ),
    "layer_norm": (
        "the variance divides by n - 1",
        candidate(
            "x",
            "h = (x - x.mean(-1, keepdim=True)) / (x.var(-1, keepdim=True) + 1e-5).sqrt()\n"
            "return h * self.ln.weight + self.ln.bias",
            "self.ln = nn.LayerNorm(features)",
            "features",
        ),
    ),
    "cross_entropy_loss": (
        "the sum over rows, not the mean",
        candidate("x, y", "return F.cross_entropy(x, y, reduction='sum')"),
    ),
    "depthwise_conv_2d": (
        "the taps are turned around",
        candidate(
            "x",
            "return F.conv2d(x, self.conv.weight.flip(-1, -2), padding=1, groups=x.shape[1])",
            "self.conv = nn.Conv2d(channels, channels, k, padding=1, groups=channels, bias=False)",
            "channels, k",
        ),
    ),
}
