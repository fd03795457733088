// The driver: packs the weights, deals the work out to threads, and lends them their scratch memory.
#include "gru.hpp"

#include <algorithm>
#include <vector>

#include "kernel.hpp"
#include "memory.hpp"
#include "packed.hpp"

namespace gruvy {
namespace {

// Grow-only memory of the calling thread, so that a call on small inputs does not pay for the system's pages again.
class Scratch {
  public:
    // Makes room; what was taken before is given up.
    void reserve(std::size_t floats) {
        used_ = 0;
        if (floats <= size_) return;
        memory_ = Memory();
        size_ = 0;
        memory_ = Memory(static_cast<Index>(floats));
        size_ = floats;
    }
    // The sum of the rounded sizes must have been reserved.
    float *take(std::size_t floats) {
        float *taken = memory_.data() + used_;
        used_ += rounded(floats);
        return taken;
    }
    static std::size_t rounded(std::size_t floats) { return Memory::rounded(floats); }

  private:
    Memory memory_;
    std::size_t size_ = 0, used_ = 0;
};

// Below this many multiplications waking a thread costs more than it saves.
constexpr Index WORTH_A_THREAD = 1 << 19;
// Workers share rows, each with a part of the units, and meet at every step, where there are fewer rows than workers
// and a step has at least this many multiplications ...
constexpr Index WORTH_SHARING = 1 << 16;
// ... or where U has at least this many weights (1.5 MB), too many for a second-level cache beside all else: then each
// worker reads half of them. Not with many rows, for which they are read seldom, and in backward only with few, because
// there the workers meet more often and share less.
constexpr Index LARGE_WEIGHTS = 3 << 17;
constexpr Index MANY_ROWS = 64;
// Input products computed at once, in floats: they stay in the second-level cache until the time loop reads them.
constexpr Index CHUNK_FLOATS = 1 << 16;

// From this many floats on what is saved would only drive other things out of the cache. It goes past it where a vector
// is a line of the cache: halves of lines, written apart, cost more than they save.
constexpr Index WORTH_STREAMING = 1 << 19;
// Rows of all steps whose gates' gradients are kept until their products are made: enough to read and write the
// weights' gradients seldom, few enough to stay in the cache.
constexpr Index BACKWARD_ROWS = 384;

// How the work is dealt out.
struct Plan {
    std::vector<Row> rows;  // by falling length; worker w has rows[starts[w]] .. rows[starts[w + 1]]
    std::vector<Index> starts;
    bool shared = false;  // every worker has all rows and a part of the panels
    int workers = 1;

    // With layer norm each row needs all of its units at once, so that no two workers share it.
    Plan(const Problem &problem, int lanes, bool norm, bool backward) {
        std::vector<Row> sorted(static_cast<std::size_t>(problem.batch));
        Index steps = 0;
        for (Index n = 0; n < problem.batch; ++n) {
            sorted[static_cast<std::size_t>(n)] = {n, problem.lengths ? problem.lengths[n] : problem.steps};
            steps += sorted[static_cast<std::size_t>(n)].length;
        }
        if (problem.lengths)
            std::stable_sort(sorted.begin(), sorted.end(),
                             [](const Row &a, const Row &b) { return a.length > b.length; });
        const Index per_row_step = 3 * problem.hidden * (problem.hidden + problem.inputs);
        const Index worth = steps * per_row_step / WORTH_A_THREAD;
        workers = static_cast<int>(std::max<Index>(1, std::min<Index>(problem.threads, worth)));
        const bool few = problem.batch < workers && per_row_step >= WORTH_SHARING;
        const bool large = 3 * problem.hidden * problem.hidden >= LARGE_WEIGHTS &&
                           problem.batch <= (backward ? 2 * workers - 1 : MANY_ROWS);
        shared = workers > 1 && !norm && (few || large) && (problem.hidden + lanes - 1) / lanes >= 2 * workers;
        if (!shared) workers = static_cast<int>(std::min<Index>(workers, std::max<Index>(1, problem.batch)));
        rows = std::move(sorted);
    }

    // Where rows differ in length they are dealt like cards, so that every worker gets long and short ones; else each
    // worker gets rows side by side, so that no two write to one line of the cache at every step.
    void deal(int size) {
        workers = size;
        if (size == 1) shared = false;
        if (shared || size == 1) {
            starts.assign(static_cast<std::size_t>(size), 0);
            return;
        }
        if (rows.front().length == rows.back().length) {
            for (int w = 0; w < size; ++w) starts.push_back(static_cast<Index>(rows.size()) * w / size);
            return;
        }
        const std::vector<Row> sorted = rows;
        std::size_t to = 0;
        for (int w = 0; w < size; ++w) {
            starts.push_back(static_cast<Index>(to));
            for (std::size_t n = static_cast<std::size_t>(w); n < sorted.size(); n += static_cast<std::size_t>(size))
                rows[to++] = sorted[n];
        }
    }

    Index count(int worker) const {
        if (shared || workers == 1) return static_cast<Index>(rows.size());
        const Index end =
            worker + 1 < workers ? starts[static_cast<std::size_t>(worker) + 1] : static_cast<Index>(rows.size());
        return end - starts[static_cast<std::size_t>(worker)];
    }

    void fill(Job &job, int worker, Index panels, Index align, Barrier *barrier) const {
        job.rows = rows.data() + starts[static_cast<std::size_t>(worker)];
        job.row_count = count(worker);
        job.panel_begin = 0;
        job.panel_end = panels;
        job.barrier = nullptr;
        if (shared) {
            const Index groups = (panels + align - 1) / align;
            job.panel_begin = std::min(panels, groups * worker / workers * align);
            job.panel_end = std::min(panels, groups * (worker + 1) / workers * align);
            job.barrier = barrier;
        }
    }
};

thread_local Scratch scratch;

std::size_t size(Index n) { return static_cast<std::size_t>(n); }

// See ForwardJob::factor_room.
Index factor_words(const ForwardTable &kernels, const Problem &problem, const ForwardJob &job) {
    return job.row_count * std::max(job.chunk * kernels.row_words(problem.inputs), kernels.row_words(problem.hidden));
}

template <class AnyJob>
void run(Team &team, std::vector<AnyJob> &jobs, void (*kernel)(const AnyJob &)) {
    struct Context {
        std::vector<AnyJob> &jobs;
        void (*kernel)(const AnyJob &);
    } context{jobs, kernel};
    team.run(
        [](void *opaque, int worker) {
            auto *c = static_cast<Context *>(opaque);
            c->kernel(c->jobs[static_cast<std::size_t>(worker)]);
        },
        &context);
}

// `packed` is null where call.weights are to be packed for this call, as float32.
void run_forward(const Problem &problem, const Packed::Parts *packed, const Forward &call) {
    if (problem.batch == 0 || problem.hidden == 0) return;
    const Table &kernels = table(problem.hidden);
    const ForwardTable &own = packed ? packed->kernels : kernels.forward[static_cast<int>(Precision::float32)];
    const Index hidden = problem.hidden, panels = (hidden + kernels.lanes - 1) / kernels.lanes;
    const bool norm = packed ? packed->norm.data() != nullptr : call.weights.gain_ih != nullptr;
    Plan plan(problem, kernels.lanes, norm, false);
    Team team(plan.workers);
    plan.deal(team.size());
    Barrier barrier(team.size());

    const bool needs_room = !problem.reset_after && !call.saved;
    const Index product_row = panels * kernels.lanes * 3;
    std::vector<ForwardJob> jobs(size(team.size()));
    std::size_t floats = Scratch::rounded(size(hidden));
    if (!packed) {
        floats += Scratch::rounded(size(own.packed_size(problem.inputs, hidden))) +
                  Scratch::rounded(size(own.packed_size(hidden, hidden))) +
                  Scratch::rounded(size(kernels.bias_size(hidden)));
        if (norm) floats += Scratch::rounded(size(kernels.norm_size(hidden)));
    }
    Index pointers = 0, rows = 0;
    for (int w = 0; w < team.size(); ++w) {
        ForwardJob &job = jobs[size(w)];
        job.problem = problem;
        plan.fill(job, w, panels, kernels.align, &barrier);
        const Index row_floats = std::max<Index>(1, job.row_count) * product_row;
        job.chunk = std::clamp<Index>(CHUNK_FLOATS / row_floats, 1, std::max<Index>(1, problem.steps));
        floats += Scratch::rounded(size(job.chunk * job.row_count * product_row));
        if (needs_room) floats += Scratch::rounded(size(job.row_count * 3 * hidden));
        if (call.dropout.data) floats += Scratch::rounded(size(job.row_count * hidden));
        if (norm) floats += Scratch::rounded(size(job.row_count * product_row));
        floats += Scratch::rounded(size(factor_words(own, problem, job)));
        pointers += job.row_count * (POINTERS + 2 * job.chunk);
        rows += job.row_count;
    }
    scratch.reserve(floats);
    float *zero = scratch.take(size(hidden));
    std::fill_n(zero, hidden, 0.0f);
    const float *ih, *hh, *bias, *gains;
    if (packed) {
        ih = packed->ih.data();
        hh = packed->hh.data();
        bias = packed->bias.data();
        gains = packed->norm.data();
    } else {
        float *own_ih = scratch.take(size(own.packed_size(problem.inputs, hidden)));
        float *own_hh = scratch.take(size(own.packed_size(hidden, hidden)));
        float *own_bias = scratch.take(size(kernels.bias_size(hidden)));
        float *own_gains = norm ? scratch.take(size(kernels.norm_size(hidden))) : nullptr;
        own.pack(call.weights.ih, problem.inputs, hidden, false, own_ih);
        own.pack(call.weights.hh, hidden, hidden, !problem.reset_after, own_hh);
        kernels.pack_bias(call.weights, hidden, problem.reset_after, own_bias);
        if (norm) kernels.pack_norm(call.weights, hidden, own_gains);
        ih = own_ih;
        hh = own_hh;
        bias = own_bias;
        gains = own_gains;
    }

    const bool streams = call.saved && kernels.lanes == Memory::ALIGN && hidden % Memory::ALIGN == 0 &&
                         problem.steps * problem.batch * 3 * hidden >= WORTH_STREAMING &&
                         reinterpret_cast<std::uintptr_t>(call.saved) % 64 == 0;

    std::vector<const float *> pointer_room(size(pointers));
    std::vector<const std::uint8_t *> keep_room(size(call.zoneout.data ? rows : 0));
    const float **next_pointer = pointer_room.data();
    const std::uint8_t **next_keep = keep_room.data();
    for (ForwardJob &job : jobs) {
        job.zero = zero;
        job.initial_state = call.initial_state ? call.initial_state : zero;
        job.pointers = next_pointer;
        next_pointer += job.row_count * (POINTERS + 2 * job.chunk);
        job.keep = call.zoneout.data ? next_keep : nullptr;
        next_keep += call.zoneout.data ? job.row_count : 0;
        job.products = scratch.take(size(job.chunk * job.row_count * product_row));
        job.room = nullptr;
        if (needs_room)
            job.room =
                plan.shared && &job != jobs.data() ? jobs[0].room : scratch.take(size(job.row_count * 3 * hidden));
        job.dropped = call.dropout.data ? scratch.take(size(job.row_count * hidden)) : nullptr;
        job.sums = norm ? scratch.take(size(job.row_count * product_row)) : nullptr;
        job.factor_room = scratch.take(size(factor_words(own, problem, job)));
        job.packed_ih = ih;
        job.packed_hh = hh;
        job.bias = bias;
        job.norm = gains;
        job.streams = streams;
        job.call = call;
    }
    run(team, jobs, own.run);
}

}  // namespace

void forward(const Problem &problem, const Forward &call) { run_forward(problem, nullptr, call); }

void forward(const Problem &problem, const Packed &weights, const Forward &call) {
    run_forward(problem, &weights.parts(), call);
}

namespace {

// Each gradient's place in `call` with its size, for all that is done to every one of them.
struct Part {
    float *Gradients::*member;
    Index size;
};

std::vector<Part> parts_of(const Problem &problem) {
    const Index rows = 3 * problem.hidden;
    return {{&Gradients::ih, rows * problem.inputs},
            {&Gradients::hh, rows * problem.hidden},
            {&Gradients::bias_ih, rows},
            {&Gradients::bias_hh, rows},
            {&Gradients::gain_ih, rows},
            {&Gradients::gain_hh, rows},
            {&Gradients::initial_state, problem.hidden}};
}

// Adds what the other workers have to what the first one has.
void add_up(Team &team, const Problem &problem, const std::vector<BackwardJob> &jobs) {
    struct Context {
        const std::vector<BackwardJob> &jobs;
        const std::vector<Part> parts;
    } context{jobs, parts_of(problem)};
    team.run(
        [](void *opaque, int worker) {
            const auto &[jobs, parts] = *static_cast<Context *>(opaque);
            const Index workers = static_cast<Index>(jobs.size());
            for (const Part &part : parts) {
                float *to = jobs[0].to.*part.member;
                if (!to) continue;
                const Index begin = part.size * worker / workers, end = part.size * (worker + 1) / workers;
                for (std::size_t w = 1; w < jobs.size(); ++w) {
                    const float *from = jobs[w].to.*part.member;
                    for (Index i = begin; i < end; ++i) to[i] += from[i];
                }
            }
        },
        &context);
}

}  // namespace

void backward(const Problem &problem, const Backward &call) {
    if (problem.hidden == 0) {  // of all gradients only that of x has an extent
        for (Index t = 0; t < problem.steps && call.dx.data; ++t)
            for (Index n = 0; n < problem.batch; ++n)
                std::fill_n(call.dx.data + t * call.dx.time + n * call.dx.row, problem.inputs, 0.0f);
        return;
    }
    const Table &kernels = table(problem.hidden);
    const Index hidden = problem.hidden, panels = (hidden + kernels.lanes - 1) / kernels.lanes;
    const bool norm = call.weights.gain_hh != nullptr;
    Plan plan(problem, kernels.lanes, norm, true);
    Team team(plan.workers);
    plan.deal(team.size());
    Barrier barrier(team.size());

    std::vector<BackwardJob> jobs(size(team.size()));
    const std::vector<Part> parts = parts_of(problem);
    std::size_t floats =
        Scratch::rounded(size(kernels.backward_packed_size(problem, call))) + Scratch::rounded(size(hidden));
    Index pointers = 0;
    for (int w = 0; w < team.size(); ++w) {
        BackwardJob &job = jobs[size(w)];
        job.problem = problem;
        plan.fill(job, w, panels, kernels.align, &barrier);
        job.chunk =
            std::clamp<Index>(BACKWARD_ROWS / std::max<Index>(1, job.row_count), 1, std::max<Index>(1, problem.steps));
        pointers += BACK_POINTERS * job.row_count * job.chunk;
        if (w == 0 || !plan.shared)
            floats += Scratch::rounded(size(kernels.backward_room(problem, call, job.row_count, job.chunk)));
        if (norm) floats += Scratch::rounded(size(kernels.norm_room(hidden)));
        if (w == 0 || plan.shared) continue;
        for (const Part &part : parts)
            if (call.to.*part.member) floats += Scratch::rounded(size(part.size));
    }
    scratch.reserve(floats);
    float *packed = scratch.take(size(kernels.backward_packed_size(problem, call)));
    float *zero = scratch.take(size(hidden));
    kernels.pack_backward(problem, call, packed);
    std::fill_n(zero, hidden, 0.0f);

    std::vector<const float *> pointer_room(size(pointers));
    const float **next_pointer = pointer_room.data();
    for (BackwardJob &job : jobs) {
        const bool first = &job == jobs.data();
        job.zero = zero;
        job.initial_state = call.initial_state ? call.initial_state : zero;
        job.pointers = next_pointer;
        next_pointer += BACK_POINTERS * job.row_count * job.chunk;
        job.packed = packed;
        job.room = first || !plan.shared
                       ? scratch.take(size(kernels.backward_room(problem, call, job.row_count, job.chunk)))
                       : jobs[0].room;
        job.own = norm ? scratch.take(size(kernels.norm_room(hidden))) : nullptr;
        job.call = call;
        job.to = call.to;
        for (const Part &part : parts)
            if (!first && !plan.shared && call.to.*part.member) job.to.*part.member = scratch.take(size(part.size));
    }
    run(team, jobs, kernels.backward);
    if (jobs.size() > 1 && !plan.shared) add_up(team, problem, jobs);
}

}  // namespace gruvy
