// All steps of the forward pass. Part of kernel.inl.
#pragma once

#include "norm.inl"

namespace gruvy {
namespace {

Index input_stride(Index hidden) { return panels(hidden) * 3 * LANES; }

template <class WeightFormat>
void run_step(const ForwardJob &job, const Step &step, Index count, bool back) {
    if (job.norm) {  // never with shared rows: there is nobody to meet
        run_norm_step<WeightFormat>(job, step, count, back);
        return;
    }
    const float *const *states = state_factors<WeightFormat>(job, step, step.state, count);
    if (job.problem.reset_after) {
        cover<3>(ResetAfterBlock<WeightFormat>{job, step, states}, count, job.panel_begin, job.panel_end, back);
    } else {
        cover<2>(GatesBlock<WeightFormat>{job, step, states}, count, job.panel_begin, job.panel_end, back);
        meet(job);
        for (Index j = 0; j < count; ++j) step.reset_state[j] = step.work[j] + 2 * job.problem.hidden;
        const float *const *reset_states = state_factors<WeightFormat>(job, step, step.reset_state, count);
        cover<1>(CandidateBlock<WeightFormat>{job, step, reset_states}, count, job.panel_begin, job.panel_end, back);
    }
    meet(job);
}

// What backward() reads of a step that the row does not take.
void clear(const ForwardJob &job, Index t, Index n) {
    const Index begin = unit_begin(job), hidden = job.problem.hidden, at = t * job.problem.batch + n;
    const std::size_t size = static_cast<std::size_t>(unit_end(job) - begin) * sizeof(float);
    if (job.call.saved)
        for (Index g = 0; g < 3; ++g) std::memset(job.call.saved + (at * 3 + g) * hidden + begin, 0, size);
    if (job.call.candidates) std::memset(job.call.candidates + at * hidden + begin, 0, size);
    if (job.call.norms)
        std::memset(job.call.norms + at * (3 * hidden + 2), 0,
                    static_cast<std::size_t>(3 * hidden + 2) * sizeof(float));
}

// Zero past the end of each row, and its last state.
void finish(const ForwardJob &job) {
    const Index begin = unit_begin(job), hidden = job.problem.hidden;
    const std::size_t size = static_cast<std::size_t>(unit_end(job) - begin) * sizeof(float);
    for (Index j = 0; j < job.row_count; ++j) {
        const Row &row = job.rows[j];
        float *out = job.call.out.data + row.index * job.call.out.row + begin;
        for (Index t = row.length; t < job.problem.steps; ++t) {
            std::memset(out + t * job.call.out.time, 0, size);
            clear(job, t, row.index);
        }
        float *h_n = job.call.h_n + row.index * hidden + begin;
        if (row.length > 0)
            std::memcpy(h_n, out + time_of(job, row, row.length - 1) * job.call.out.time, size);
        else if (job.call.h_0)
            std::memcpy(h_n, job.call.h_0 + row.index * hidden + begin, size);
        else
            std::memset(h_n, 0, size);
    }
}

// m * h_{t-1}; every worker computes all of it, because its products take all of it.
const float *drop(const ForwardJob &job, Index i, Index t, const Row &row, const float *before) {
    const Index hidden = job.problem.hidden;
    const float *factor = job.call.dropout.data + t * job.call.dropout.time + row.index * job.call.dropout.row;
    float *to = job.dropped + i * hidden;
    for (Index unit = 0; unit < hidden; ++unit) to[unit] = factor[unit] * before[unit];
    return to;
}

template <class WeightFormat>
void forward(const ForwardJob &job) {
    const Problem &problem = job.problem;
    const Forward &call = job.call;
    const Index hidden = problem.hidden, stride = input_stride(hidden), room = job.row_count;
    const float **x = job.pointers;
    const float **input = x + job.chunk * room, **before = input + room, **state = before + room;
    const float **reset_state = state + room, **factors = reset_state + room;  // `chunk` for each row
    float **after = const_cast<float **>(factors + job.chunk * room), **work = after + room, **norms = work + room;
    float **candidates = norms + room;
    const Step step{before, state, input, after, work, norms, candidates, reset_state, factors, job.keep};
    const std::size_t size = static_cast<std::size_t>(unit_end(job) - unit_begin(job)) * sizeof(float);

    const Index last = job.row_count ? job.rows[0].length : 0;
    for (Index first = 0; first < last; first += job.chunk) {
        const Index end = first + job.chunk < last ? first + job.chunk : last;
        Index gathered = 0;
        for (Index s = first; s < end; ++s) {
            const Index count = rows_at(job, s);
            for (Index j = 0; j < count; ++j) {
                const Row &row = job.rows[j];
                const Index t = time_of(job, row, s);
                if (takes(job, row, t)) x[gathered++] = call.x.data + t * call.x.time + row.index * call.x.row;
            }
        }
        const float *const *inputs = WeightFormat::factors(x, gathered, problem.inputs, factors, job.factor_room);
        cover<3>(InputBlock<WeightFormat>{job, inputs, job.products, stride}, gathered, job.panel_begin, job.panel_end);
        if (job.norm) normalise_inputs(job, gathered);

        const float *product_row = job.products;
        for (Index s = first; s < end; ++s) {
            const Index count = rows_at(job, s);
            Index i = 0;
            for (Index j = 0; j < count; ++j) {
                const Row &row = job.rows[j];
                const Index t = time_of(job, row, s), at = t * problem.batch + row.index;
                float *out = call.out.data + row.index * call.out.row, *now = out + t * call.out.time;
                const float *state_now = state_before(job, row, s, t, out, call.out.time, call.h_0);
                if (!takes(job, row, t)) {
                    std::memcpy(now + unit_begin(job), state_now + unit_begin(job), size);
                    clear(job, t, row.index);
                    continue;
                }
                input[i] = product_row;
                product_row += stride;
                after[i] = now;
                before[i] = state_now;
                state[i] = call.dropout.data ? drop(job, i, t, row, state_now) : state_now;
                work[i] = call.saved ? call.saved + at * 3 * hidden : job.room + i * 3 * hidden;
                norms[i] = call.norms ? call.norms + at * (3 * hidden + 2) : nullptr;
                candidates[i] = call.candidates ? call.candidates + at * hidden : nullptr;
                if (job.keep) job.keep[i] = call.zoneout.data + t * call.zoneout.time + row.index * call.zoneout.row;
                ++i;
            }
            run_step<WeightFormat>(job, step, i, s & 1);
        }
    }
    finish(job);
    if (job.streams) fence();
}

template <class WeightFormat>
void step(const ForwardJob &job, const float *const *x, const Step &step) {
    x = WeightFormat::factors(x, job.row_count, job.problem.inputs, step.factors, job.factor_room);
    InputBlock<WeightFormat> input{job, x, job.products, input_stride(job.problem.hidden)};
    cover<3>(input, job.row_count, job.panel_begin, job.panel_end);
    if (job.norm) normalise_inputs(job, job.row_count);
    run_step<WeightFormat>(job, step, job.row_count, false);
}

template <class WeightFormat>
constexpr ForwardTable FORWARD = {packed_size<WeightFormat>, pack_forward<WeightFormat>, WeightFormat::row_words,
                                  forward<WeightFormat>, step<WeightFormat>};

}  // namespace
}  // namespace gruvy
