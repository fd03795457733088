// One step of the backward pass: the gradients of the gates and of the state. Part of kernel.inl.
#pragma once

#include "back_packing.inl"

namespace gruvy {
namespace {

// Addresses, an entry per row that takes the step.
struct BackStep {
    const float **before;   // h_{t-1}
    const float **after;    // h_t
    const float **x;        // (I)
    const float **saved;    // (3, H)
    const float **dout;     // gradient of h_t from the output; null: zero
    const float **dropout;  // m (H); null: 1
    const float **norms;    // (3 * H + 2); null without layer norm
    float **dx;             // (I); null: not wanted
    float **dgates;         // (4, H): n, r, z, and the hidden part of n
    float **dsums;          // (3, H): of U k as r, z, n; with layer norm a row of its own, else dgates + H
    float **dh;             // gradient of h_t; becomes that of h_{t-1}
    const float **factor;   // the rows that a product multiplies

    BackStep from(Index at) const {
        return {before + at, after + at, x + at,      saved + at, dout + at, dropout + at,
                norms + at,  dx + at,    dgates + at, dsums + at, dh + at,   factor + at};
    }
};

// The element-wise part of a step for units [begin, end) of one row. `open` is 1 / (1 - zoneout), so that 1 - z is
// (1 - u) * open. With reset before, the gradient of r is not known yet. n is not saved, because it follows from the
// states: (1 - u) * n = h_t - u * h_{t-1}. Where 1 - u is small n is inexact, which does not matter, because 1 - u is
// its factor.
template <bool RESET_AFTER>
void gate_gradients(const BackStep &step, Index j, Index hidden, Index begin, Index end, float open) {
    const float *saved = step.saved[j], *before = step.before[j], *after = step.after[j], *dout = step.dout[j];
    float *dgates = step.dgates[j], *dh = step.dh[j];
    for (Index unit = begin; unit < end; unit += LANES) {
        const int lanes = end - unit < LANES ? static_cast<int>(end - unit) : LANES;
        const Vec update = load(saved + hidden + unit, lanes);
        const Vec was = load(before + unit, lanes), now = load(after + unit, lanes);
        Vec grad = load(dh + unit, lanes);
        if (dout) grad += load(dout + unit, lanes);
        const Vec writes = 1.0f - update;
        const Vec candidate = clamp((now - update * was) / (writes + 1e-30f), 1.0f);
        const Vec dn = grad * writes * (1.0f - candidate * candidate);
        const Vec dz = grad * (was - now) * (1.0f - writes * open);
        store(dh + unit, grad * update, lanes);
        store(dgates + unit, dn, lanes);
        store(dgates + 2 * hidden + unit, dz, lanes);
        if (RESET_AFTER) {
            const Vec reset = load(saved + unit, lanes), part = load(saved + 2 * hidden + unit, lanes);
            store(dgates + hidden + unit, dn * part * reset * (1.0f - reset), lanes);
            store(dgates + 3 * hidden + unit, dn * reset, lanes);
        } else {
            store(dgates + 3 * hidden + unit, dn, lanes);
        }
    }
}

// Layer norm of one row: from the gradient of its result, (count), to that of its sums; `value` is the normalised sums.
void norm_gradients(const float *dresult, const float *gain, const float *value, float scale, Index count, float *to) {
    Vec total[1] = {}, along[1] = {};
    for (Index i = 0; i < count; i += LANES) {
        const int lanes = count - i < LANES ? static_cast<int>(count - i) : LANES;
        const Vec grad = load(dresult + i, lanes) * load(gain + i, lanes);
        total[0] += grad;
        along[0] = fma(grad, load(value + i, lanes), along[0]);
    }
    const Vec mean = broadcast(sum(total) / static_cast<float>(count));
    const Vec slope = broadcast(sum(along) / static_cast<float>(count));
    for (Index i = 0; i < count; i += LANES) {
        const int lanes = count - i < LANES ? static_cast<int>(count - i) : LANES;
        const Vec grad = load(dresult + i, lanes) * load(gain + i, lanes);
        store(to + i, (grad - mean - load(value + i, lanes) * slope) * scale, lanes);
    }
}

// Gates [first, first + gates) of U k, in the order r, z, n.
void state_norm_gradients(const BackwardJob &job, const BackStep &step, Index j, int first, int gates) {
    const Index hidden = job.problem.hidden, at = first * hidden;
    norm_gradients(step.dgates[j] + hidden + at, job.call.weights.gain_hh + at, step.norms[j] + at,
                   step.norms[j][3 * hidden + (first == 2)], gates * hidden, step.dsums[j] + at);
}

// The gradient of k, which is m * h_{t-1}, as it reaches h_{t-1}.
GRUVY_INLINE Vec to_state(const BackStep &step, Index row, Index unit, int lanes, Vec gradient) {
    const float *factor = step.dropout[row];
    return factor ? gradient * load(factor + unit, lanes) : gradient;
}

// dh += factor @ weights, for `count` rows of the weights.
struct StateBlock {
    const Job &job;
    const BackStep &step;
    const float *weights;
    Index count;

    template <int R, int P>
    GRUVY_INLINE void run(Index row, Index panel, const Next &next) {
        const Index hidden = job.problem.hidden;
        Vec sums[R][P * COLUMNS];
        Float32::product<R, P, COLUMNS>(sums, zero, step.factor + row,
                                        Panels{weights, count * COLUMNS * LANES, panel, next}, count);
        for (int r = 0; r < R; ++r)
            for (int c = 0; c < P * COLUMNS; ++c) {
                const Index vector = panel * COLUMNS + c, unit = vector * LANES;
                if (unit >= hidden) break;
                const int lanes = lanes_of(vector, hidden);
                float *dh = step.dh[row + r] + unit;
                store(dh, load(dh, lanes) + to_state(step, row + r, unit, lanes, sums[r][c]), lanes);
            }
    }
};

// Reset before: the gradient of r * k goes to r and to k.
struct ResetBlock {
    const Job &job;
    const BackStep &step;
    const float *weights;

    template <int R, int P>
    GRUVY_INLINE void run(Index row, Index panel, const Next &next) {
        const Index hidden = job.problem.hidden;
        Vec sums[R][P * COLUMNS];
        Float32::product<R, P, COLUMNS>(sums, zero, step.factor + row,
                                        Panels{weights, hidden * COLUMNS * LANES, panel, next}, hidden);
        for (int r = 0; r < R; ++r)
            for (int c = 0; c < P * COLUMNS; ++c) {
                const Index vector = panel * COLUMNS + c, unit = vector * LANES;
                if (unit >= hidden) break;
                const int lanes = lanes_of(vector, hidden);
                const Vec reset = load(step.saved[row + r] + unit, lanes);
                const Vec before = load(step.before[row + r] + unit, lanes);
                const Vec grad = to_state(step, row + r, unit, lanes, sums[r][c]);
                float *dh = step.dh[row + r] + unit;
                store(step.dgates[row + r] + hidden + unit, grad * before * reset * (1.0f - reset), lanes);
                store(dh, fma(grad, reset, load(dh, lanes)), lanes);
            }
    }
};

void run_back_step(const BackwardJob &job, const BackStep &step, Index count, bool back) {
    const Index hidden = job.problem.hidden;
    const bool norm = job.call.weights.gain_hh != nullptr;  // never with shared rows, see run_step
    const float open = 1.0f / (1.0f - job.problem.zoneout);
    // Workers that share rows split the units at multiples of COLUMNS vectors, see Table::align: each owns the columns
    // of its units, so that it alone writes and reads their part of dh.
    const Index begin = job.panel_begin / COLUMNS, end = (job.panel_end + COLUMNS - 1) / COLUMNS;
    const Index first = unit_begin(job), last = unit_end(job);
    if (job.problem.reset_after) {
        for (Index j = 0; j < count; ++j) {
            gate_gradients<true>(step, j, hidden, first, last, open);
            step.factor[j] = step.dsums[j];
            if (!norm) continue;
            state_norm_gradients(job, step, j, 0, 2);
            state_norm_gradients(job, step, j, 2, 1);
        }
        meet(job);
        cover<COLUMNS>(StateBlock{job, step, job.packed, 3 * hidden}, count, begin, end, back);
    } else {
        for (Index j = 0; j < count; ++j) {
            gate_gradients<false>(step, j, hidden, first, last, open);
            step.factor[j] = step.dsums[j] + 2 * hidden;
            if (norm) state_norm_gradients(job, step, j, 2, 1);
        }
        meet(job);
        const float *candidate = job.packed + packed_parts(job.problem, job.call).candidate;
        cover<COLUMNS>(ResetBlock{job, step, candidate}, count, begin, end, back);
        meet(job);
        for (Index j = 0; j < count; ++j) {
            step.factor[j] = step.dsums[j];
            if (norm) state_norm_gradients(job, step, j, 0, 2);
        }
        cover<COLUMNS>(StateBlock{job, step, job.packed, 2 * hidden}, count, begin, end, back);
    }
}

}  // namespace
}  // namespace gruvy
