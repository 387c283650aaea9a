"""Defects of losses over logits."""

LOSSES = {
    "cross_entropy": {
        "the smoothed mass is shared by V - 1 classes": (
            "losses_plain",
            (
                "label_smoothing / v * np.sum(log_p",
                "label_smoothing / max(v - 1, 1) * np.sum(log_p",
            ),
            ("[:, None] - label_smoothing / v\n", "[:, None] - label_smoothing / max(v - 1, 1)\n"),
        ),
        "the z-loss of ignored rows is kept": (
            "losses_torch",
            ("z.masked_fill(targets == ignore_index, 0)", "z"),
        ),
        "gradient: the factor lse of the z-loss is missing": (
            "losses_plain",
            ("2 * z_loss * lse)", "2 * z_loss * np.ones_like(lse))"),
        ),
        "gradient: ignored rows pass it on": (
            "losses_plain",
            ("np.where(kept, dloss, 0)[:, None] * d)", "dloss[:, None] * d)"),
        ),
        "the sum is not rescaled where the maximum grows in a later block": (
            "losses_online",
            ("s = s * np.exp(m - higher) + ", "s = s + "),
        ),
    },
    "kl_divergence": {
        "it is reversed: KL(student || teacher)": (
            "losses_torch",
            ("functional.kl_div(log_q, log_p,", "functional.kl_div(log_p, log_q,"),
        ),
        "the factor temperature^2 is missing": (
            "losses_torch",
            ("(kl * temperature**2)", "kl"),
        ),
        "the temperature is applied to the student alone": (
            "losses_plain",
            (
                "    return np.sum(np.exp(log_p) * (log_p - log_q), axis=-1) * temp",
                (
                    "    log_p = log_softmax(teacher)\n"
                    "    return np.sum(np.exp(log_p) * (log_p - log_q), axis=-1) * temp"
                ),
            ),
        ),
    },
    "jensen_shannon": {
        "the mixture is half and half, whatever beta is": (
            "losses_torch",
            ("beta * log_p.exp() + (1 - beta) * log_q.exp()", "(log_p.exp() + log_q.exp()) / 2"),
        ),
        "beta and 1 - beta are exchanged in the sum": (
            "losses_online",
            ("terms = beta * p", "terms = (1 - beta) * p"),
            ("terms + (1 - beta) * q", "terms + beta * q"),
        ),
        "1e-6 is added inside the logarithm": (
            "losses_torch",
            ("(1 - beta) * log_q.exp())", "(1 - beta) * log_q.exp() + 1e-6)"),
        ),
    },
    "log_softmax": {
        "the logarithm is taken of the finished weights": (
            "losses_plain",
            (
                (
                    "    x = shifted(x)\n    return x - np.log(np.sum(np.exp(x), axis=-1, "
                    "keepdims=True))"
                ),
                "    return np.log(softmax(x))",
            ),
        ),
        "gradient: the sum over the classes is taken to be 1": (
            "losses_plain",
            ("dy - softmax(x) * np.sum(dy, axis=-1, keepdims=True)", "dy - softmax(x)"),
        ),
        "classes beyond the last whole block are left out": (
            "losses_online",
            ("range(0, n, BLOCK)]", "range(0, max(n - BLOCK + 1, 1), BLOCK)]"),
        ),
    },
}
