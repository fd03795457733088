// What the driver (gru.cpp) and the kernels of each instruction set (kernel.inl) share: packed weights, one worker's
// share of the work, and the table of functions that dispatch.cpp chooses from.
#pragma once

#include "gru.hpp"
#include "threads.hpp"

namespace gruvy {

// A row of the batch, as one worker sees it: workers hold theirs by falling length, so that the rows that still run
// at a step are the first ones.
struct Row {
    Index index;   // in the batch
    Index length;  // steps
};

struct Job {
    Problem problem;
    const Row *rows;
    Index row_count;
    Index panel_begin, panel_end;  // of hidden units, LANES each; all of them unless the barrier is set
    Barrier *barrier;              // set where workers share rows and split the hidden units; null elsewhere
    const float *zero;             // (H): a state of zeros
    const float *initial_state;    // (H): the state that new segments begin with
    // Room for POINTERS and 2 * `chunk` per row, or, in backward, BACK_POINTERS per row and step of a chunk.
    const float **pointers;
};

constexpr Index POINTERS = 10;       // per row, in forward
constexpr Index BACK_POINTERS = 12;  // per row and step of a chunk, in backward

struct ForwardJob : Job {
    Index chunk;      // steps whose input products are computed at once
    float *products;  // (chunk, row_count, panels, 3, LANES): a worker's own
    float *room;      // (row_count, 3, H): shared by the workers that share rows; null with `saved` or reset after
    float *dropped;   // (row_count, H): a worker's own; null without dropout
    float *sums;      // (row_count, panels, 3, LANES): null without layer norm
    const std::uint8_t **keep;  // room for a pointer per row; null without a mask for zoneout
    float *factor_room;  // ForwardTable::row_words for `chunk` x of each row or for h of each row, whichever is more
    const float *packed_ih, *packed_hh;  // ForwardTable::pack
    const float *bias;                   // Table::pack_bias
    const float *norm;                   // Table::pack_norm; null without layer norm
    bool streams;                        // whether `saved` is large, and aligned, so that it goes past the cache
    Forward call;
};

// One step's addresses, an entry per row that takes it.
struct Step {
    const float **before;       // h_{t-1}
    const float **state;        // m * h_{t-1}, which the products take
    const float **input;        // input product and biases, (panels, 3, LANES)
    float **after;              // h_t
    float **work;               // (3, H) of `saved`, or of `room` where reset before needs it for u and r * k
    float **norms;              // (3 * H + 2) of `norms`; null entries where that is null
    float **candidates;         // n (H); null entries where nobody wants it
    const float **reset_state;  // room for the kernel: where r * k lies ...
    const float **factors;      // ... and what the products read in place of x, state and reset_state
    const std::uint8_t **keep;  // q (H); null without a mask for zoneout
};

struct BackwardJob : Job {
    Index chunk;          // steps that are taken before their products with the states and inputs are made
    const float *packed;  // Table::pack_backward
    float *room;          // Table::backward_room floats; shared by the workers that share rows
    float *own;           // Table::norm_room floats, a worker's own, with layer norm; null without
    Gradients to;  // the worker's own, but where it has part of the units of all; the first worker's are the caller's
    Backward call;
};

// The forward pass with weights of one Precision.
struct ForwardTable {
    // Sizes are in words of 4 bytes.
    Index (*packed_size)(Index inputs, Index hidden);
    void (*pack)(const float *weight, Index inputs, Index hidden, bool split_candidate, float *packed);
    Index (*row_words)(Index features);  // of a row of x or h as the products read it; 0 where they read it as it is
    void (*run)(const ForwardJob &job);
    // One step of all rows: the input product of `x`, a pointer per row, and then h_t. step.input must point into
    // job.products, (row_count, panels, 3, LANES).
    void (*step)(const ForwardJob &job, const float *const *x, const Step &step);
};

struct Table {
    const char *name;
    int lanes;                // hidden units in a panel
    int align;                // workers that share rows split the panels at multiples of this
    ForwardTable forward[3];  // by Precision
    // Sizes in floats of what the functions behind them write.
    Index (*bias_size)(Index hidden);
    void (*pack_bias)(const Weights &weights, Index hidden, bool reset_after, float *packed);
    Index (*norm_size)(Index hidden);
    void (*pack_norm)(const Weights &weights, Index hidden, float *packed);
    // Weights for backward, and its scratch memory for so many rows and steps, in floats.
    Index (*backward_packed_size)(const Problem &problem, const Backward &call);
    void (*pack_backward)(const Problem &problem, const Backward &call, float *packed);
    Index (*backward_room)(const Problem &problem, const Backward &call, Index rows, Index chunk);
    Index (*norm_room)(Index hidden);
    void (*backward)(const BackwardJob &job);
};

const Table &table();  // of the instruction set in use
// The same, or that of vectors half as long where a single one holds all units: a step of it is shorter by a third.
const Table &table(Index hidden);

}  // namespace gruvy
