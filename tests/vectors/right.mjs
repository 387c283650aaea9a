// Right implementations in JavaScript: softmax and attention, with their gradients.

function strides(shape) {
  const found = new Array(shape.length).fill(1);
  for (let k = shape.length - 2; k >= 0; k--) found[k] = found[k + 1] * shape[k + 1];
  return found;
}

function rows({ shape }, axis) {
  const at = axis < 0 ? axis + shape.length : axis;
  const step = strides(shape)[at];
  const starts = [];
  const total = shape.reduce((a, b) => a * b, 1);
  for (let i = 0; i < total; i++) if (Math.floor(i / step) % shape[at] === 0) starts.push(i);
  return { starts, step, length: shape[at] };
}

export function weights(scores) {
  const largest = Math.max(...scores);
  if (scores.some(Number.isNaN)) return scores.map(() => NaN);
  if (largest === -Infinity) return scores.map(() => 0);
  const powers = scores.map((s) => Math.exp(s - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((p) => p / sum);
}

export function softmax(x, { axis = -1 } = {}) {
  const { starts, step, length } = rows(x, axis);
  const data = new x.data.constructor(x.data.length);
  for (const start of starts) {
    const row = Array.from({ length }, (_, k) => x.data[start + k * step]);
    weights(row).forEach((p, k) => { data[start + k * step] = p; });
  }
  return { data, shape: x.shape };
}

export function softmax_vjp(dp, x, options) {
  const { starts, step, length } = rows(x, options?.axis ?? -1);
  const data = new x.data.constructor(x.data.length);
  for (const start of starts) {
    const row = Array.from({ length }, (_, k) => x.data[start + k * step]);
    const back = Array.from({ length }, (_, k) => dp.data[start + k * step]);
    const p = weights(row);
    const mean = p.reduce((sum, one, k) => sum + one * back[k], 0);
    p.forEach((one, k) => { data[start + k * step] = one * (back[k] - mean); });
  }
  return { data, shape: x.shape };
}

function seen(mask, [b, n, i, j]) {
  const lead = 4 - mask.shape.length;
  let flat = 0;
  [b, n, i, j].slice(lead).forEach((at, k) => {
    flat = flat * mask.shape[k] + (mask.shape[k] === 1 ? 0 : at);
  });
  return mask.dtype === "BOOL" ? (mask.data[flat] ? 0 : -Infinity) : mask.data[flat];
}

export function attention(q, k, v, options = {}) {
  const { mask = null, is_causal = false, query_offset = 0, window = null, softcap = null } = options;
  const [B, N, L, D] = q.shape;
  const [, M, S] = k.shape;
  const Dv = v.shape[3];
  const scale = options.scale ?? 1 / Math.sqrt(Math.max(D, 1));
  const data = new q.data.constructor(B * N * L * Dv);
  for (let b = 0; b < B; b++) for (let n = 0; n < N; n++) {
    const m = Math.floor(n / (N / M));
    for (let i = 0; i < L; i++) {
      const scores = Array.from({ length: S }, (_, j) => {
        const at = i + query_offset;
        if (is_causal && j > at) return -Infinity;
        if (window && window[0] !== null && j < at - window[0]) return -Infinity;
        if (window && window[1] !== null && j > at + window[1]) return -Infinity;
        const added = mask ? seen(mask, [b, n, i, j]) : 0;
        if (added === -Infinity) return -Infinity;
        let score = 0;
        for (let d = 0; d < D; d++) {
          score += q.data[((b * N + n) * L + i) * D + d] * k.data[((b * M + m) * S + j) * D + d];
        }
        score *= scale;
        if (softcap !== null) score = softcap * Math.tanh(score / softcap);
        return score + added;
      });
      const p = weights(scores);
      for (let d = 0; d < Dv; d++) {
        let sum = 0;
        for (let j = 0; j < S; j++) {
          if (p[j] !== 0) sum += p[j] * v.data[((b * M + m) * S + j) * Dv + d];
        }
        data[((b * N + n) * L + i) * Dv + d] = sum;
      }
    }
  }
  return { data, shape: [B, N, L, Dv] };
}
