// Backpropagation through time, chunk by chunk: the time loop leaves the gradients of the gates of a chunk of steps in
// scratch memory, and while that is in the cache the products with the states and inputs are made from it.
#pragma once

#include "back_products.inl"

namespace gruvy {
namespace {

void clear_input_gradient(const BackwardJob &job, Index t, Index n) {
    const Sequence<float> &dx = job.call.dx;
    if (dx.data && job.panel_begin == 0)
        std::memset(dx.data + t * dx.time + n * dx.row, 0,
                    static_cast<std::size_t>(job.problem.inputs) * sizeof(float));
}

// Where a new segment begins, what would reach the state before it goes to `initial_state`.
void stop(const BackwardJob &job, const Row &row) {
    const Index begin = unit_begin(job), end = unit_end(job);
    float *dh = job.call.dh_0 + row.index * job.problem.hidden;
    for (Index unit = begin; job.to.initial_state && unit < end; ++unit) job.to.initial_state[unit] += dh[unit];
    std::memset(dh + begin, 0, static_cast<std::size_t>(end - begin) * sizeof(float));
}

// Zeros what is summed up whatever comes first, and, where no chunk comes, everything.
void clear_gradients(const BackwardJob &job, bool everything) {
    const Index hidden = job.problem.hidden, begin = unit_begin(job), size = unit_end(job) - begin;
    const Gradients &to = job.to;
    const auto clear = [&](float *gradient, Index gates, Index columns) {
        for (Index g = 0; gradient && g < gates; ++g)
            std::memset(gradient + (g * hidden + begin) * columns, 0,
                        static_cast<std::size_t>(size * columns) * sizeof(float));
    };
    if (everything) {
        clear(to.ih, 3, job.problem.inputs);
        clear(to.hh, 3, hidden);
        clear(to.bias_ih, 3, 1);
        clear(to.bias_hh, 3, 1);
    } else {
        clear(to.gain_ih, 3, 1);
        clear(to.gain_hh, 3, 1);
        clear(to.initial_state, 1, 1);
    }
}

void backward(const BackwardJob &job) {
    const Problem &problem = job.problem;
    const Backward &call = job.call;
    const Index hidden = problem.hidden, most = job.row_count * job.chunk;
    const bool norm = call.weights.gain_hh != nullptr;
    const RoomParts parts = room_parts(problem, norm, most);
    const float **before = job.pointers, **after = before + most, **x = after + most, **saved = x + most,
                **dout = saved + most;
    const float **dropout = dout + most, **norms = dropout + most, **factor = norms + most;
    float **dx = const_cast<float **>(factor + most), **dgates = dx + most, **dsums = dgates + most,
          **dh = dsums + most;
    const BackStep all{before, after, x, saved, dout, dropout, norms, dx, dgates, dsums, dh, factor};
    for (Index k = 0; k < most; ++k) {
        dgates[k] = job.room + parts.gates + k * gates_stride(hidden);
        dsums[k] = norm ? job.room + parts.states + k * 3 * hidden : dgates[k] + hidden;
    }

    const Index begin = unit_begin(job), end = unit_end(job);
    const std::size_t size = static_cast<std::size_t>(end - begin) * sizeof(float);
    for (Index j = 0; j < job.row_count; ++j) {
        const Row &row = job.rows[j];
        float *dh_0 = call.dh_0 + row.index * hidden + begin;
        if (call.dh_n)
            std::memcpy(dh_0, call.dh_n + row.index * hidden + begin, size);
        else
            std::memset(dh_0, 0, size);
        for (Index t = row.length; t < problem.steps; ++t) clear_input_gradient(job, t, row.index);
    }
    clear_gradients(job, false);

    bool add = false;
    for (Index last = job.row_count ? job.rows[0].length : 0; last > 0; last -= job.chunk) {
        Index rows = 0;
        for (Index s = last - 1; s >= 0 && s >= last - job.chunk; --s) {
            const Index count = rows_at(job, s), first = rows;
            for (Index j = 0; j < count; ++j) {
                const Row &row = job.rows[j];
                const Index n = row.index, t = time_of(job, row, s), at = t * problem.batch + n;
                const float *dout_now =
                    call.dout.data ? call.dout.data + t * call.dout.time + n * call.dout.row : nullptr;
                float *dh_now = call.dh_0 + n * hidden;
                if (!takes(job, row, t)) {
                    for (Index unit = begin; dout_now && unit < end; ++unit) dh_now[unit] += dout_now[unit];
                    clear_input_gradient(job, t, n);
                    continue;
                }
                const Sequence<const float> &out = call.out, &masks = call.dropout;
                before[rows] = state_before(job, row, s, t, out.data + n * out.row, out.time, call.h_0);
                after[rows] = out.data + t * out.time + n * out.row;
                x[rows] = call.x.data + t * call.x.time + n * call.x.row;
                saved[rows] = call.saved + at * 3 * hidden;
                dout[rows] = dout_now;
                dropout[rows] = masks.data ? masks.data + t * masks.time + n * masks.row : nullptr;
                norms[rows] = call.norms ? call.norms + at * (3 * hidden + 2) : nullptr;
                dx[rows] = call.dx.data ? call.dx.data + t * call.dx.time + n * call.dx.row : nullptr;
                dh[rows] = dh_now;
                ++rows;
            }
            run_back_step(job, all.from(first), rows - first, s & 1);
            for (Index j = 0; problem.resets && j < count; ++j)
                if (begins(job, job.rows[j], time_of(job, job.rows[j], s))) stop(job, job.rows[j]);
        }
        if (rows) {
            multiply(job, all, rows, add);
            add = true;
        }
    }
    if (!add) clear_gradients(job, true);
}

}  // namespace
}  // namespace gruvy
