// One step of the forward pass: from the sums of a block to the gates and the new state. Part of kernel.inl.
#pragma once

#include "blocks.inl"

namespace gruvy {
namespace {

template <class WeightFormat>
struct InputBlock {
    const ForwardJob &job;
    const float *const *x;
    float *to;  // (rows, panels, 3, LANES)
    Index stride;

    template <int R, int P>
    GRUVY_INLINE void run(Index row, Index panel, const Next &next) {
        Vec sums[R][P * 3];
        const auto bias = [&](int c) { return load(job.bias + (panel * 3 + c) * LANES); };
        const Index inputs = job.problem.inputs;
        const Panels weights{job.packed_ih, WeightFormat::panel_words(inputs, 3), panel, next};
        WeightFormat::template product<R, P, 3>(sums, bias, x + row, weights, inputs);
        for (int r = 0; r < R; ++r)
            for (int c = 0; c < P * 3; ++c) store(to + (row + r) * stride + (panel * 3 + c) * LANES, sums[r][c]);
    }
};

// One gate of a panel of one row, to where backward() finds it.
GRUVY_INLINE void save(const ForwardJob &job, float *to, Vec gate, int lanes) {
    if (job.streams)
        stream(to, gate);
    else
        store(to, gate, lanes);
}

// u = z + q * (1 - z), for the units of a panel of one row.
GRUVY_INLINE Vec kept(const ForwardJob &job, const Step &step, Index row, Index unit, int lanes, Vec update) {
    if (step.keep) return fma(load_bytes(step.keep[row] + unit, lanes), 1.0f - update, update);
    if (job.problem.zoneout != 0.0f) return fma(broadcast(job.problem.zoneout), 1.0f - update, update);
    return update;
}

// From the sums to h_t, for a panel of one row, with reset after.
GRUVY_INLINE void gates_after(const ForwardJob &job, const Step &step, Index row, Index panel, Vec reset_sum,
                              Vec update_sum, Vec part) {
    const Index hidden = job.problem.hidden, unit = panel * LANES;
    const int lanes = lanes_of(panel, hidden);
    const float *input = step.input[row] + panel * 3 * LANES;
    const Vec reset = sigmoid(load(input) + reset_sum);
    const Vec update = kept(job, step, row, unit, lanes, sigmoid(load(input + LANES) + update_sum));
    const Vec candidate = tanh(fma(reset, part, load(input + 2 * LANES)));
    const Vec before = load(step.before[row] + unit, lanes);
    store(step.after[row] + unit, fma(update, before - candidate, candidate), lanes);
    if (job.call.saved) {
        float *work = step.work[row] + unit;
        save(job, work, reset, lanes);
        save(job, work + hidden, update, lanes);
        save(job, work + 2 * hidden, part, lanes);
    }
    if (job.call.candidates) store(step.candidates[row] + unit, candidate, lanes);
}

// With reset before: r, u and r * k ...
GRUVY_INLINE void gates_before(const ForwardJob &job, const Step &step, Index row, Index panel, Vec reset_sum,
                               Vec update_sum) {
    const Index hidden = job.problem.hidden, unit = panel * LANES;
    const int lanes = lanes_of(panel, hidden);
    const float *input = step.input[row] + panel * 3 * LANES;
    const Vec reset = sigmoid(load(input) + reset_sum);
    const Vec update = kept(job, step, row, unit, lanes, sigmoid(load(input + LANES) + update_sum));
    float *work = step.work[row] + unit;
    save(job, work, reset, lanes);
    store(work + hidden, update, lanes);
    store(work + 2 * hidden, reset * load(step.state[row] + unit, lanes), lanes);
}

// ... and then the candidate and h_t.
GRUVY_INLINE void candidate_before(const ForwardJob &job, const Step &step, Index row, Index panel, Vec sum) {
    const Index hidden = job.problem.hidden, unit = panel * LANES;
    const int lanes = lanes_of(panel, hidden);
    float *work = step.work[row] + unit;
    const Vec update = load(work + hidden, lanes);
    const Vec candidate = tanh(load(step.input[row] + (panel * 3 + 2) * LANES) + sum);
    const Vec before = load(step.before[row] + unit, lanes);
    store(step.after[row] + unit, fma(update, before - candidate, candidate), lanes);
    if (job.call.candidates) store(step.candidates[row] + unit, candidate, lanes);
}

// With reset before: where those of r and z end.
template <class WeightFormat>
const float *candidate_weights(const ForwardJob &job) {
    return job.packed_hh + panels(job.problem.hidden) * WeightFormat::panel_words(job.problem.hidden, 2);
}

template <class WeightFormat>
struct ResetAfterBlock {
    const ForwardJob &job;
    const Step &step;
    const float *const *factors;

    template <int R, int P>
    GRUVY_INLINE void run(Index row, Index panel, const Next &next) {
        const Index hidden = job.problem.hidden;
        const float *bias = job.bias + panels(hidden) * 3 * LANES;
        Vec sums[R][P * 3];
        const auto start = [&](int c) { return c % 3 == 2 ? load(bias + (panel + c / 3) * LANES) : Vec{}; };
        const Panels weights{job.packed_hh, WeightFormat::panel_words(hidden, 3), panel, next};
        WeightFormat::template product<R, P, 3>(sums, start, factors + row, weights, hidden);
        for (int r = 0; r < R; ++r)
            for (int p = 0; p < P; ++p)
                gates_after(job, step, row + r, panel + p, sums[r][p * 3], sums[r][p * 3 + 1], sums[r][p * 3 + 2]);
    }
};

template <class WeightFormat>
struct GatesBlock {
    const ForwardJob &job;
    const Step &step;
    const float *const *factors;

    template <int R, int P>
    GRUVY_INLINE void run(Index row, Index panel, const Next &next) {
        const Index hidden = job.problem.hidden;
        Vec sums[R][P * 2];
        const Panels weights{job.packed_hh, WeightFormat::panel_words(hidden, 2), panel, next};
        WeightFormat::template product<R, P, 2>(sums, zero, factors + row, weights, hidden);
        for (int r = 0; r < R; ++r)
            for (int p = 0; p < P; ++p) gates_before(job, step, row + r, panel + p, sums[r][p * 2], sums[r][p * 2 + 1]);
    }
};

template <class WeightFormat>
struct CandidateBlock {
    const ForwardJob &job;
    const Step &step;
    const float *const *factors;

    template <int R, int P>
    GRUVY_INLINE void run(Index row, Index panel, const Next &next) {
        const Index hidden = job.problem.hidden;
        const Panels weights{candidate_weights<WeightFormat>(job), WeightFormat::panel_words(hidden, 1), panel, next};
        Vec sums[R][P];
        WeightFormat::template product<R, P, 1>(sums, zero, factors + row, weights, hidden);
        for (int r = 0; r < R; ++r)
            for (int p = 0; p < P; ++p) candidate_before(job, step, row + r, panel + p, sums[r][p]);
    }
};

}  // namespace
}  // namespace gruvy
