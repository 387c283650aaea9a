"""Laws of greedy decoding: prefixes, ties, layers, caches and permutations."""

from typing import Any

import numpy as np

from seqlaws.properties.laws import (
    Case,
    Subject,
    agree,
    drawn,
    law,
    must_raise,
    require,
    same,
    zeroed,
)

OPERATION = "generate"
MANY = drawn(layers=12, V=9, steps=2, B=2, N=1, D=3, F=1, S=2)
TWO = drawn(layers=1, V=2, B=1, N=4, D=1, F=1, S=1)
# Seeds and steps at which keys, values or positions of float16 change a logit the most, by a search
NARROW = ((114, 5), (185, 5), (247, 4), (21, 3), (155, 0), (19, 0), (155, 1), (41, 1), (215, 1))
MEANS = drawn(layers=2, gains=(4.0,), V=33, steps=12, B=6, N=2, D=4, F=3, S=2)


def last_norm(case: Case) -> str:
    """Return the name of the last layer's last norm."""
    layers = [n for n in case.arrays if n.endswith("norm3.weight")]
    return layers[-1].removesuffix(".weight")


def whole(case: Case, *shape: int) -> Any:
    """Return integers from -2 to 2: sums of products of them are exact in every dtype."""
    return case.random(5).randint(-2, 3, shape).astype(float)


def reads_nothing(impl: Subject, case: Case) -> bool:
    """Return True if there is no memory and attention to none gives NaN or a mean."""
    return impl.fully_masked(case) != "zeros" and not case.sizes()["S"]


def agree_on_text(impl: Subject, case: Case, says: str) -> None:
    """Raise LawBrokenError unless each token is the expected one after the tokens before it."""
    tokens = impl.run(case)
    agree(impl, tokens, impl.expected_of_steps(case, tokens), says)


@law(OPERATION, share=0.2)
def test_every_prefix_is_a_text(impl: Subject, case: Case) -> None:
    """Runs with fewer and more steps are correct too, in any order: no run affects a later one.

    tokens(t) = tokens(steps)[:, :t], unless two logits are within their bounds of each other.
    """
    steps = case.option("steps")
    for count in (*range(min(steps, 3)), steps, max(steps - 1, 0), steps + 2):
        says = f"a run of {count} steps does not match the specification"
        agree_on_text(impl, case.having(steps=count), says)


@law(OPERATION, share=0.2, level="SHOULD", section="manners")
def test_a_longer_run_extends_a_shorter_one(impl: Subject, case: Case) -> None:
    """A run with fewer steps gives the first tokens of a longer run."""
    steps = case.option("steps")
    longer = impl.run(case.having(steps=steps + 3))["tokens"]
    for count in range(steps + 1):
        shorter = impl.run(case.having(steps=count))
        says = "a longer run does not extend a shorter one"
        same(impl, shorter, {"tokens": longer[:, :count]}, says)


@law(OPERATION, share=0.3)
def test_ties_go_to_the_lowest(impl: Subject, case: Case) -> None:
    """Of equal logits the lowest token is chosen; if all are equal, it is always 0.

    The last norm's weight is 0, so that only its bias is projected: integers, whose products with
    integer weights are exact. Equal logits are then equal in every order of summation.
    """
    n, norm = case.sizes(), last_norm(case)
    if reads_nothing(impl, case):
        return
    equal = zeroed(case, "params.projection.weight", "params.projection.bias")
    agree_on_text(impl, equal, "if all logits are equal, the lowest token is not chosen")
    weight = whole(case, n["V"], n["E"])
    weight[1::2] = weight[: n["V"] // 2 * 2 : 2]  # every second row is the one before it
    bias = whole(case, n["E"])
    tied = zeroed(case, f"{norm}.weight", "params.projection.bias")
    tied = tied.having(**{f"{norm}.bias": bias, "params.projection.weight": weight})
    agree_on_text(impl, tied, "a tie does not go to the lowest token")


@law(OPERATION, share=0.2)
def test_a_small_lead_decides(impl: Subject, case: Case) -> None:
    """The largest logit is chosen even if it leads by a few units in the last place.

    As above, all numbers are integers. The logits differ only by the last bias: multiples of 128
    unit roundoffs, so that their sums are exact.
    """
    n, norm, kinds = case.sizes(), last_norm(case), impl.arithmetic
    if reads_nothing(impl, case):
        return
    leads = case.random(7).permutation(n["V"])
    bias = whole(case, n["E"]) * (np.arange(n["E"]) < 8)  # or their sum is too large to be exact
    weight = np.broadcast_to(whole(case, n["E"]), (n["V"], n["E"]))
    near = zeroed(case, f"{norm}.weight").having(**{
        f"{norm}.bias": bias,
        "params.projection.weight": weight,
        "params.projection.bias": leads * 128 * max(kinds.unit, kinds.storage_unit),
    })  # fmt: skip
    agree_on_text(impl, near, "the largest logit is not chosen")


@law(OPERATION, share=0.01, cases=TWO)
def test_a_lead_beyond_the_bound_decides(impl: Subject, case: Case) -> None:
    """Of two tokens, the one whose logit leads by just more than the bounds is chosen.

    Both have one embedding, so that the text does not depend on the choice. The last bias is set
    such that at one step the first token leads, then such that the second one does.
    """
    for seed, step in NARROW:
        alike = of_few_roundings(case, seed).having(steps=step + 1)
        value, allowed = (z[0, step] for z in impl.expected_logits(alike))
        for side in (1.1, -1.1):
            bias = [0.0, value[0] - value[1] - side * np.sum(allowed)]
            near = alike.having(**{"params.projection.bias": np.array(bias)})
            if np.isfinite(bias).all():
                agree_on_text(impl, near, "the token whose logit leads is not chosen")


def of_few_roundings(case: Case, seed: int) -> Case:
    """Return a case of self-attention alone, one product an entry, whose bounds stay narrow.

    The second and the third norm see so little that they divide by the root of eps.
    """
    layer, features, random = "params.layers.0.", case.sizes()["E"], np.random.RandomState(seed)
    names = [n for n in case.arrays if "linear2" in n or "multihead_attn.out_proj" in n]
    own, one = f"{layer}self_attn.", np.eye(features)
    row = np.round(random.standard_normal(features), 3)
    projections = [4 * one * random.choice([1, -1], features)]
    projections += [4 * one * random.choice([1, -0.5], features), one[random.permutation(features)]]
    quiet = zeroed(case, *names, *(n for n in case.arrays if n.endswith("bias")))
    return quiet.having(**{
        f"{layer}norm1.weight": np.full(features, 2.0**-14),
        f"{layer}norm2.weight": np.full(features, 2.0**-8),
        f"{layer}norm3.weight": np.ones(features),
        f"{own}in_proj_weight": np.concatenate(projections),
        f"{own}out_proj.weight": one[random.permutation(features)],
        "params.embedding.weight": np.stack([row, row]),
        "params.projection.weight": random.randint(-2, 3, (2, features)).astype(float),
    })  # fmt: skip


@law(OPERATION, share=0.04, cases=MANY)
def test_layers_follow_their_numbers(impl: Subject, case: Case) -> None:
    """Layers are applied in numerical order: of twelve layers the last is layer 11, not layer 9.

    Sorted as text, 9 would be the last. The last norm's weight is 0, so that only its bias is
    projected.
    """
    n = case.sizes()
    if reads_nothing(impl, case):
        return
    random, norms = case.random(5), [f for f in case.arrays if f.endswith("norm3.bias")]
    biases = {name: random.randint(-2, 3, n["E"]).astype(float) for name in norms}
    weight = random.randint(-2, 3, (n["V"], n["E"])).astype(float)
    plain = zeroed(case, "params.projection.bias", *(b.replace("bias", "weight") for b in norms))
    plain = plain.having(**biases, **{"params.projection.weight": weight})
    agree_on_text(impl, plain, "the layers are not applied in numerical order")


@law(OPERATION, share=0.1, cases=MEANS)
def test_what_was_read_is_not_read_anew(impl: Subject, case: Case) -> None:
    """A token's result in a layer does not depend on later tokens, so it can be cached.

    Queries and keys are 0 and only self-attention acts, in two layers. Each token gets the mean of
    the values up to it, so that a change of earlier results is clearly visible.
    """
    agree_on_text(impl, of_means(case), "a later token changes an earlier result")


def with_self_attention_alone(case: Case) -> Case:
    """Return the case with 0 in the place of what else a layer adds."""
    names = [n for n in case.arrays if "linear2" in n or "multihead_attn.out_proj" in n]
    return zeroed(case, *names)


def of_means(case: Case) -> Case:
    """Return the case with queries and keys 0: self-attention is a mean, and nothing else acts."""
    bare, features = with_self_attention_alone(case), case.sizes()["E"]
    for name in [n for n in case.arrays if "self_attn.in_proj" in n]:
        array = np.array(case.arrays[name])
        array[: 2 * features] = 0
        bare = bare.having(**{name: array})
    return bare


@law(OPERATION, share=0.2)
def test_memory_permutation(impl: Subject, case: Case) -> None:
    """The order of the memory has no effect: the text is correct after a permutation."""
    s = case.random().permutation(case.sizes()["S"])
    moved = case.having(memory=case.arrays["memory"][:, s])
    tokens = impl.run(moved)
    agree(
        impl,
        tokens,
        impl.expected_of_steps(case, tokens),
        "the order of the memory changes the text",
    )


@law(OPERATION, share=0.2)
def test_a_token_is_but_a_name(impl: Subject, case: Case) -> None:
    """Renaming the tokens in embedding, projection and start renames them in the text.

    A tie goes to the lowest of the new names, so the text is compared under the new names.
    """
    s = case.random().permutation(case.sizes()["V"])  # token s[v] is now called v
    rows = ("params.embedding.weight", "params.projection.weight", "params.projection.bias")
    names = np.argsort(s)
    renamed = case.having(
        start=names[case.arrays["start"]], **{name: case.arrays[name][s] for name in rows}
    )
    tokens = impl.run(renamed)["tokens"]
    known = (tokens >= 0) & (tokens < len(s))
    require(bool(known.all()), "a token is not in the vocabulary")
    written = {"tokens": tokens}
    agree(
        impl,
        written,
        impl.expected_of_steps(renamed, written),
        "renaming the tokens changes the text",
    )


@law(OPERATION, share=0.2, cases=drawn(B=1))
def test_equal_rows_have_equal_texts(impl: Subject, case: Case) -> None:
    """Copies of a row give the same text, also next to rows that start differently."""
    batch = {n: np.repeat(case.arrays[n], 4, axis=0) for n in impl.operation.batched}
    others = np.arange(4) % max(case.sizes()["V"], 1)
    batch["start"] = np.where(np.arange(4) < 2, case.arrays["start"], others)
    tokens = impl.run(case.having(**batch))["tokens"]
    alone = {"tokens": tokens[:1]}
    agree(
        impl,
        alone,
        impl.expected_of_steps(case, alone),
        "a row of a batch gives another text than alone",
    )
    agree(impl, {"tokens": tokens[1:2]}, impl.expected_of_steps(case, {"tokens": tokens[1:2]}))


@law(OPERATION, share=0.1, level="SHOULD", section="guards")
def test_what_is_no_token_is_refused(impl: Subject, case: Case) -> None:
    """A start token outside 0 to V - 1, or num_heads that does not divide E, is an exception."""
    n = case.sizes()
    calls = [case.having(num_heads=n["E"] + 1, steps=2)]
    for none in (-1, n["V"]) if n["B"] else ():
        beyond = np.array(case.arrays["start"])
        beyond[int(case.random().randint(n["B"]))] = none
        calls.append(case.having(start=beyond, steps=2))
    for bad in calls:
        must_raise(
            impl, bad, "an invalid start token or number of heads does not raise an exception"
        )
