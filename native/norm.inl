// Layer norm, forward: the sums of a row have to be complete before the gates begin. Part of kernel.inl.
#pragma once

#include "gates.inl"

namespace gruvy {
namespace {

// Gates [first, first + G) of U times the rows that `factors` stand for, to job.sums.
template <class WeightFormat, int G>
struct SumsBlock {
    const ForwardJob &job;
    const float *const *factors;
    const float *weights;
    int first;

    template <int R, int P>
    GRUVY_INLINE void run(Index row, Index panel, const Next &next) {
        const Index hidden = job.problem.hidden, stride = panels(hidden) * 3 * LANES;
        Vec sums[R][P * G];
        const Panels panels{weights, WeightFormat::panel_words(hidden, G), panel, next};
        WeightFormat::template product<R, P, G>(sums, zero, factors + row, panels, hidden);
        for (int r = 0; r < R; ++r)
            for (int p = 0; p < P; ++p)
                for (int g = 0; g < G; ++g)
                    store(job.sums + (row + r) * stride + ((panel + p) * 3 + first + g) * LANES, sums[r][p * G + g]);
    }
};

constexpr float NORM_EPSILON = 1e-5f;

// The first lanes of a panel as ones, the rest as zeros.
GRUVY_INLINE Vec ones(int lanes) {
    static const float all[LANES] = {1, 1, 1, 1,
#if defined(__AVX2__)
                                     1, 1, 1, 1,
#endif
#if defined(__AVX512F__)
                                     1, 1, 1, 1, 1,
                                     1, 1, 1
#endif
    };
    return load(all, lanes);
}

// Normalises gates [first, first + gates) of one row's sums, (panels, 3, LANES), in place: gain * (a - mean) /
// deviation + bias. `normalised` (3, H) and `scale` take what backward needs: null where it is not wanted.
void normalise(float *sums, const float *gain, const float *bias, Index hidden, int first, int gates, float *normalised,
               float *scale) {
    // Summed in 16 lanes whatever a vector holds, so that instruction sets agree.
    constexpr int PARTS = 16 / LANES;
    const float count = static_cast<float>(gates * hidden);
    Vec total[PARTS] = {}, squares[PARTS] = {};
    for (Index panel = 0; panel < panels(hidden); ++panel)
        for (int g = first; g < first + gates; ++g) total[panel % PARTS] += load(sums + (panel * 3 + g) * LANES);
    const Vec mean = broadcast(sum(total) / count);
    for (Index panel = 0; panel < panels(hidden); ++panel) {
        const Vec inside = ones(lanes_of(panel, hidden));
        for (int g = first; g < first + gates; ++g) {
            const Vec away = (load(sums + (panel * 3 + g) * LANES) - mean) * inside;
            squares[panel % PARTS] = fma(away, away, squares[panel % PARTS]);
        }
    }
    const float inverse = 1.0f / __builtin_sqrtf(sum(squares) / count + NORM_EPSILON);
    for (Index panel = 0; panel < panels(hidden); ++panel)
        for (int g = first; g < first + gates; ++g) {
            const Index at = (panel * 3 + g) * LANES;
            const Vec value = (load(sums + at) - mean) * inverse;
            store(sums + at, fma(value, load(gain + at), load(bias + at)));
            if (normalised) store(normalised + g * hidden + panel * LANES, value, lanes_of(panel, hidden));
        }
    if (scale) *scale = inverse;
}

GRUVY_INLINE const float *norm_part(const ForwardJob &job, int part) {
    return job.norm + part * panels(job.problem.hidden) * 3 * LANES;
}

void normalise_inputs(const ForwardJob &job, Index count) {
    const Index hidden = job.problem.hidden, stride = panels(hidden) * 3 * LANES;
    for (Index i = 0; i < count; ++i) {
        float *row = job.products + i * stride;
        normalise(row, norm_part(job, 0), norm_part(job, 1), hidden, 0, 2, nullptr, nullptr);
        normalise(row, norm_part(job, 0), norm_part(job, 1), hidden, 2, 1, nullptr, nullptr);
    }
}

GRUVY_INLINE void normalise_sums(const ForwardJob &job, const Step &step, Index row, int first, int gates) {
    const Index hidden = job.problem.hidden, stride = panels(hidden) * 3 * LANES;
    float *norms = job.call.norms ? step.norms[row] : nullptr;
    normalise(job.sums + row * stride, norm_part(job, 2), norm_part(job, 3), hidden, first, gates, norms,
              norms ? norms + 3 * hidden + (first == 2) : nullptr);
}

// What the recurrent product of the first `count` rows reads in place of `rows`.
template <class WeightFormat>
const float *const *state_factors(const ForwardJob &job, const Step &step, const float *const *rows, Index count) {
    return WeightFormat::factors(rows, count, job.problem.hidden, step.factors, job.factor_room);
}

template <class WeightFormat>
void run_norm_step(const ForwardJob &job, const Step &step, Index count, bool back) {
    const Index hidden = job.problem.hidden, width = panels(hidden), stride = width * 3 * LANES;
    const auto sums = [&](Index row, Index panel, int g) {
        return load(job.sums + row * stride + (panel * 3 + g) * LANES);
    };
    const float *const *states = state_factors<WeightFormat>(job, step, step.state, count);
    if (job.problem.reset_after) {
        cover<3>(SumsBlock<WeightFormat, 3>{job, states, job.packed_hh, 0}, count, 0, width, back);
        for (Index row = 0; row < count; ++row) {
            normalise_sums(job, step, row, 0, 2);
            normalise_sums(job, step, row, 2, 1);
            for (Index panel = 0; panel < width; ++panel)
                gates_after(job, step, row, panel, sums(row, panel, 0), sums(row, panel, 1), sums(row, panel, 2));
        }
        return;
    }
    cover<2>(SumsBlock<WeightFormat, 2>{job, states, job.packed_hh, 0}, count, 0, width, back);
    for (Index row = 0; row < count; ++row) {
        normalise_sums(job, step, row, 0, 2);
        for (Index panel = 0; panel < width; ++panel)
            gates_before(job, step, row, panel, sums(row, panel, 0), sums(row, panel, 1));
        step.reset_state[row] = step.work[row] + 2 * hidden;
    }
    const float *const *reset_states = state_factors<WeightFormat>(job, step, step.reset_state, count);
    cover<1>(SumsBlock<WeightFormat, 1>{job, reset_states, candidate_weights<WeightFormat>(job), 2}, count, 0, width,
             back);
    for (Index row = 0; row < count; ++row) {
        normalise_sums(job, step, row, 2, 1);
        for (Index panel = 0; panel < width; ++panel) candidate_before(job, step, row, panel, sums(row, panel, 2));
    }
}

}  // namespace
}  // namespace gruvy
