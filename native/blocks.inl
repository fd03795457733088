// How a product is cut into blocks, how weights are packed for it, and what rows do at a step. Part of kernel.inl.
#pragma once

#include "kernel.hpp"
#include "simd.hpp"
#include "weight_formats.inl"

namespace gruvy {
namespace {

// With R rows and C = panels x gates vectors per row, R * C sums, C weights and a broadcast must fit the registers.
#if defined(__AVX512F__) || defined(__aarch64__)  // 32 registers; elsewhere 16
constexpr int SUMS = 24;
#else
constexpr int SUMS = 12;
#endif
constexpr int MAX_ROWS = SUMS / 3;

Index panels(Index hidden) { return (hidden + LANES - 1) / LANES; }

GRUVY_INLINE int lanes_of(Index panel, Index hidden) {
    const Index left = hidden - panel * LANES;
    return left < LANES ? static_cast<int>(left) : LANES;
}

constexpr auto zero = [](int) { return Vec{}; };  // what a sum starts from

// Calls block.run<R, P>(first_row, first_panel) so that [0, rows) x [begin, end) is covered once: for each panel all
// rows, so that a panel is read from far away once. Rows are dealt out evenly, because a block of few rows reads as
// many weights as a full one; blocks of few rows take several panels at once, so that there are always enough
// independent sums to hide the latency of one. G is the number of vectors per row and panel. With `back` the panels
// come in falling order: steps alternate, so that what the cache still holds of the last step's weights is used first.
template <int G, class Block>
struct Cover {
    static constexpr int most_panels(Index rows) {
        const Index fit = SUMS / (rows * G);
        return fit >= 4 ? 4 : fit >= 2 ? 2 : 1;
    }

    static void run(Block &block, Index rows, Index begin, Index end, bool back) {
        if (rows == 0) return;
        Next next{};
        const Index blocks = (rows + MAX_ROWS - 1) / MAX_ROWS, size = rows / blocks, larger = rows % blocks;
        const int wide = most_panels(size + (larger != 0));
        const auto strip = [&](Index panel, int width) {
            next.panel = back ? panel - width : panel + width;
            if (next.panel < begin || next.panel >= end) next.panel = panel;
            for (Index b = 0, row = 0; b < blocks; ++b) {
                const Index count = size + (b < larger);
                next.part = b;
                dispatch(block, row, count, panel, width, next);
                row += count;
            }
        };
        const Index whole = begin + (end - begin) / wide * wide;
        if (back) {
            for (Index panel = end - 1; panel >= whole; --panel) strip(panel, 1);
            for (Index panel = whole - wide; panel >= begin; panel -= wide) strip(panel, wide);
        } else {
            for (Index panel = begin; panel < whole; panel += wide) strip(panel, wide);
            for (Index panel = whole; panel < end; ++panel) strip(panel, 1);
        }
    }

    static GRUVY_INLINE void dispatch(Block &block, Index row, Index rows, Index panel, int width, const Next &next) {
        switch (rows) {
            case 1: return panels_at_once<1>(block, row, panel, width, next);
            case 2: return panels_at_once<2>(block, row, panel, width, next);
            case 3: return panels_at_once<3>(block, row, panel, width, next);
            case 4: return panels_at_once<4>(block, row, panel, width, next);
#if defined(__AVX512F__) || defined(__aarch64__)
            case 5: return panels_at_once<5>(block, row, panel, width, next);
            case 6: return panels_at_once<6>(block, row, panel, width, next);
            case 7: return panels_at_once<7>(block, row, panel, width, next);
            case 8: return panels_at_once<8>(block, row, panel, width, next);
#endif
        }
    }

    template <int R>
    static GRUVY_INLINE void panels_at_once(Block &block, Index row, Index panel, int width, const Next &next) {
        constexpr int most = most_panels(R);
        if (width >= 2 && most == 4) {
            if (width == 4) return block.template run<R, most>(row, panel, next);
            return block.template run<R, 2>(row, panel, next);
        }
        if (width == 2 && most == 2) return block.template run<R, most>(row, panel, next);
        for (Index p = panel; p < panel + width; ++p) block.template run<R, 1>(row, p, next);
    }
};

template <int G, class Block>
void cover(Block block, Index rows, Index begin, Index end, bool back = false) {
    Cover<G, Block>::run(block, rows, begin, end, back);
}

// ---- packing --------------------------------------------------------------------------------------------------

// The panels of some gates: the rows first_gate * hidden ... of `weight` (3H, inputs).
template <class WeightFormat>
float *pack_panels(const float *weight, Index inputs, Index hidden, int first_gate, int gates, float *packed) {
    for (Index panel = 0; panel < panels(hidden); ++panel, packed += WeightFormat::panel_words(inputs, gates))
        for (int g = 0; g < gates; ++g)
            for (int lane = 0; lane < LANES; ++lane) {
                const Index unit = panel * LANES + lane;
                const float *row = unit < hidden ? weight + ((first_gate + g) * hidden + unit) * inputs : nullptr;
                WeightFormat::pack(row, inputs, g, gates, lane, packed);
            }
    return packed;
}

// All three gates together; or, where the candidate's product has to wait for the reset gate, r and z and then n.
template <class WeightFormat>
void pack_forward(const float *weight, Index inputs, Index hidden, bool split_candidate, float *packed) {
    if (!split_candidate) {
        pack_panels<WeightFormat>(weight, inputs, hidden, 0, 3, packed);
        return;
    }
    packed = pack_panels<WeightFormat>(weight, inputs, hidden, 0, 2, packed);
    pack_panels<WeightFormat>(weight, inputs, hidden, 2, 1, packed);
}

template <class WeightFormat>
Index packed_size(Index inputs, Index hidden) {
    return panels(hidden) * WeightFormat::panel_words(inputs, 3);
}

Index bias_size(Index hidden) { return panels(hidden) * 4 * LANES; }

// What the input product starts from, (panels, 3, LANES), and what the hidden part of the candidate starts from,
// (panels, LANES). With reset after only the candidate's second bias stays apart. With layer norm the biases come
// later.
void pack_bias(const Weights &weights, Index hidden, bool reset_after, float *packed) {
    const bool norm = weights.gain_ih != nullptr;
    const float *bias_ih = norm ? nullptr : weights.bias_ih, *bias_hh = norm ? nullptr : weights.bias_hh;
    float *candidate = packed + panels(hidden) * 3 * LANES;
    for (Index unit = 0; unit < panels(hidden) * LANES; ++unit) {
        const Index panel = unit / LANES, lane = unit % LANES;
        for (int g = 0; g < 3; ++g) {
            float *to = packed + (panel * 3 + g) * LANES + lane;
            const bool apart = g == 2 && reset_after;
            *to = 0.0f;
            if (g == 2) candidate[unit] = 0.0f;
            if (unit >= hidden) continue;
            if (bias_ih) *to += bias_ih[g * hidden + unit];
            if (bias_hh) (apart ? candidate[unit] : *to) += bias_hh[g * hidden + unit];
        }
    }
}

Index norm_size(Index hidden) { return panels(hidden) * 3 * LANES * 4; }

// Layer norm's gain_ih, bias_ih, gain_hh and bias_hh, (4, panels, 3, LANES).
void pack_norm(const Weights &weights, Index hidden, float *packed) {
    const float *const parts[] = {weights.gain_ih, weights.bias_ih, weights.gain_hh, weights.bias_hh};
    for (const float *from : parts)
        for (Index panel = 0; panel < panels(hidden); ++panel)
            for (int g = 0; g < 3; ++g, packed += LANES) {
                const int lanes = lanes_of(panel, hidden);
                store(packed, from ? load(from + g * hidden + panel * LANES, lanes) : Vec{});
            }
}

// ---- what forward and backward share --------------------------------------------------------------------------

GRUVY_INLINE Index time_of(const Job &job, const Row &row, Index step) {
    return job.problem.reverse ? row.length - 1 - step : step;
}

// Whether a new segment of the row begins at time t.
GRUVY_INLINE bool begins(const Job &job, const Row &row, Index t) {
    const Problem &problem = job.problem;
    if (!problem.resets) return false;
    if (problem.reverse) return t + 1 < row.length && problem.resets[(t + 1) * problem.batch + row.index];
    return problem.resets[t * problem.batch + row.index];
}

// h_{t-1} of a row at its step s, which is time t; in reverse, h_{t+1}.
GRUVY_INLINE const float *state_before(const Job &job, const Row &row, Index s, Index t, const float *out, Index time,
                                       const float *h_0) {
    if (begins(job, row, t)) return job.initial_state;
    if (s > 0) return out + (job.problem.reverse ? t + 1 : t - 1) * time;
    return h_0 ? h_0 + row.index * job.problem.hidden : job.zero;
}

Index rows_at(const Job &job, Index step) {
    Index count = job.row_count;
    while (count > 0 && job.rows[count - 1].length <= step) --count;
    return count;
}

// Whether the row takes the step at time t.
GRUVY_INLINE bool takes(const Job &job, const Row &row, Index t) {
    return !job.problem.mask || job.problem.mask[t * job.problem.batch + row.index];
}

GRUVY_INLINE void meet(const Job &job) {
    if (job.barrier) job.barrier->wait();
}

GRUVY_INLINE Index unit_begin(const Job &job) { return job.panel_begin * LANES; }

GRUVY_INLINE Index unit_end(const Job &job) {
    return job.panel_end * LANES < job.problem.hidden ? job.panel_end * LANES : job.problem.hidden;
}

}  // namespace
}  // namespace gruvy
