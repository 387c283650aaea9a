//! A softmax with its gradient, and an attention, in Rust; the second argument names a mistake.

mod check;

use check::{Answer, Array, Call, Refusal};

fn is(mistake: &str) -> bool {
    std::env::args().nth(2).map_or(false, |given| given == mistake)
}

/// The places of each row along an axis.
fn rows(shape: &[usize], axis: f64) -> Vec<Vec<usize>> {
    let at = if axis < 0.0 { axis + shape.len() as f64 } else { axis } as usize;
    let step: usize = shape[at + 1..].iter().product();
    let total: usize = shape.iter().product();
    let starts = (0..total).filter(|k| k / step % shape[at] == 0);
    starts.map(|start| (0..shape[at]).map(|k| start + k * step).collect()).collect()
}

fn weights(scores: &[f64]) -> Vec<f64> {
    if scores.iter().any(|s| s.is_nan()) {
        let lost = if is("a NaN is lost") { 0.0 } else { f64::NAN };
        return vec![lost; scores.len()];
    }
    let mut largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if largest == f64::NEG_INFINITY {
        return vec![0.0; scores.len()];
    }
    if is("no maximum") {
        largest = 0.0;
    }
    let powers: Vec<f64> = scores.iter().map(|s| (s - largest).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.iter().map(|p| p / sum).collect()
}

fn softmax(call: &Call) -> Answer {
    if is("refuses") {
        return Err(Refusal::Because("no kernel".into()));
    }
    let x = call.array(0);
    let usual = if is("the default axis is the first") { 0.0 } else { -1.0 };
    let mut p = vec![0.0; x.data.len()];
    for row in rows(&x.shape, call.option("axis", usual)) {
        let scores: Vec<f64> = row.iter().map(|&k| x.data[k]).collect();
        row.iter().zip(weights(&scores)).for_each(|(&k, one)| p[k] = one);
    }
    Ok(vec![Array::new(p, &x.shape)])
}

fn softmax_vjp(call: &Call) -> Answer {
    let (dp, x) = (call.array(0), call.array(1));
    let mut dx = vec![0.0; x.data.len()];
    for row in rows(&x.shape, call.option("axis", -1.0)) {
        let p = weights(&row.iter().map(|&k| x.data[k]).collect::<Vec<f64>>());
        let mean: f64 = row.iter().zip(&p).map(|(&k, one)| one * dp.data[k]).sum();
        let mean = if is("the gradient without the mean") { 0.0 } else { mean };
        row.iter().zip(&p).for_each(|(&k, one)| dx[k] = one * (dp.data[k] - mean));
    }
    Ok(vec![Array::new(dx, &x.shape)])
}

/// An entry of a mask that is broadcast to (B, N, L, S): -inf where nothing may be seen.
fn added(mask: &Array, at: [usize; 4]) -> f64 {
    let own = &at[4 - mask.shape.len()..];
    let flat =
        own.iter().zip(&mask.shape).fold(0, |f, (&k, &n)| f * n + if n == 1 { 0 } else { k });
    match (mask.dtype.as_str(), mask.data[flat]) {
        ("BOOL", seen) if seen == 1.0 => 0.0,
        ("BOOL", _) => f64::NEG_INFINITY,
        (_, number) => number,
    }
}

fn attention(call: &Call) -> Answer {
    if is("only what is in the core") && call.has_options() {
        return Err(Refusal::NotOffered);
    }
    let (q, k, v) = (call.array(0), call.array(1), call.array(2));
    let (heads, queries, d) = (q.shape[1], q.shape[2], q.shape[3]);
    let (key_heads, keys, dv) = (k.shape[1], k.shape[2], v.shape[3]);
    if is("only what is in the core") && heads != key_heads {
        panic!("as many key heads as query heads");
    }
    let root = (d.max(1) as f64).sqrt();
    let scale = call.option("scale", 1.0 / if is("the scale 1/D") { root * root } else { root });
    let window = call.given("window").map(check::Json::list).unwrap_or(&[]);
    let side = |n: usize| {
        window.get(n).map_or(f64::INFINITY, |w| match w {
            check::Json::Null => f64::INFINITY,
            number => number.number(),
        })
    };
    let (left, right) = (if is("the left is ignored") { f64::INFINITY } else { side(0) }, side(1));
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    let mut out = Vec::new();
    for b in 0..q.shape[0] {
        for n in 0..heads {
            let m = if is("the wrong key head") { n % key_heads } else { n / (heads / key_heads) };
            for i in 0..queries {
                let query = &q.data[((b * heads + n) * queries + i) * d..][..d];
                let at = i as f64 + call.option("query_offset", 0.0);
                let last = if is("the own key is masked") { at - 1.0 } else { at };
                let score = |j: usize| {
                    let (place, key) =
                        (j as f64, &k.data[((b * key_heads + m) * keys + j) * d..][..d]);
                    let hidden = call.option("is_causal", 0.0) == 1.0 && place > last;
                    if hidden || place < at - left || place > at + right {
                        return f64::NEG_INFINITY;
                    }
                    let more =
                        call.array_option("mask").map_or(0.0, |mask| added(mask, [b, n, i, j]));
                    if more == f64::NEG_INFINITY {
                        return more;
                    }
                    let s = dot(query, key) * scale;
                    more + call.given("softcap").map_or(s, |c| c.number() * (s / c.number()).tanh())
                };
                let p = weights(&(0..keys).map(score).collect::<Vec<f64>>());
                for e in 0..dv {
                    let value = |j: usize| v.data[((b * key_heads + m) * keys + j) * dv + e];
                    let seen = (0..keys).filter(|&j| p[j] != 0.0);
                    out.push(seen.map(|j| p[j] * value(j)).sum::<f64>());
                }
            }
        }
    }
    Ok(vec![Array::new(out, &[q.shape[0], heads, queries, dv])])
}

fn main() {
    if is("nothing") {
        check::main(&[])
    }
    check::main(&[("softmax", softmax), ("softmax_vjp", softmax_vjp), ("attention", attention)])
}
