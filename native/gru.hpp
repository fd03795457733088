// The engine's whole contract. Float32, any T, N, I and H (0 included), one layer, one direction.
//
// The equations, with * element-wise and rows of the weight matrices in the order r, z, n:
//
//   r_t = sigmoid(W_r x_t + b_r + U_r k_t + d_r)                      reset gate
//   z_t = sigmoid(W_z x_t + b_z + U_z k_t + d_z)                      update gate: z keeps the old state
//   n_t = tanh(W_n x_t + b_n + r_t * (U_n k_t + d_n))                 reset after the product (PyTorch)
//   n_t = tanh(W_n x_t + b_n + U_n (r_t * k_t) + d_n)                 reset before it (Cho 2014)
//   u_t = z_t + q_t * (1 - z_t)                                       the fraction of the old state that stays
//   h_t = n_t + u_t * (h_{t-1} - n_t)
//
// where k_t = m_t * h_{t-1}. m_t is recurrent dropout's mask (Gal and Ghahramani 2016), 1 without it; q_t is zoneout's
// (Krueger et al. 2017), 0 without it. With layer norm (Ba et al. 2016, equations 20 to 23) W x_t becomes
// g * (W x_t - mean) / deviation before the bias is added, and U k_t likewise with gains of its own; mean and deviation
// are those of r and z together, and of n, over the units: deviation = sqrt(variance + 1e-5).
//
// Every pointer is to float32 memory that the caller owns and keeps alive until the call returns; nothing is kept
// after it. Outputs are written in full and must not overlap each other or any input. "May be null" says what null
// means; all others must be valid unless their extent is 0.
#pragma once

#include <cstdint>

namespace gruvy {

using Index = std::int64_t;

struct Problem {
    Index steps;           // T
    Index batch;           // N, the rows
    Index inputs;          // I
    Index hidden;          // H
    bool reset_after;      // which of the two forms
    bool reverse;          // row n runs from its last step (lengths[n] - 1) down to 0
    const Index *lengths;  // (N), each in [0, T]; null: every row has T steps
    // (T, N) contiguous: not 0 where a new segment begins, that is, where step t of row n knows nothing of step t - 1,
    // and, in reverse, step t - 1 nothing of step t; the state between them is `initial_state`. At t = 0 it stands in
    // for h_0, unless in reverse. Null: nowhere.
    const std::uint8_t *resets;
    // (T, N) contiguous: 0 where row n sits step t out and keeps its state; the output there is that state. Null: no
    // row ever does. A segment may begin at such a step.
    const std::uint8_t *mask;
    float zoneout;  // q_t where there is no mask for it; in [0, 1)
    int threads;    // at most this many threads take part, the caller among them
};

// A sequence (T, N, features) with features contiguous: element (t, n, i) is data[t * time + n * row + i].
template <class Number>
struct Sequence {
    Number *data;
    Index time, row;
};

struct Weights {
    const float *ih;       // (3H, I)
    const float *hh;       // (3H, H)
    const float *bias_ih;  // (3H): b_r b_z b_n; null: zero
    const float *bias_hh;  // (3H): d_r d_z d_n; null: zero
    const float *gain_ih;  // (3H): layer norm's gains of W x; null, as is the next: no layer norm
    const float *gain_hh;  // (3H): and of U k
};

struct Forward {
    Weights weights;
    Sequence<const float> x;
    const float *h_0;                      // (N, H), rows contiguous; null: zero
    const float *initial_state;            // (H): the state that new segments begin with; null: zero
    Sequence<const float> dropout;         // m (T, N, H); a time of 0 repeats one step's. Null data: 1
    Sequence<const std::uint8_t> zoneout;  // q (T, N, H), 0 or 1. Null data: Problem::zoneout

    Sequence<float> out;  // (T, N, H): h_t; exactly 0 where t >= lengths[n]
    float *h_n;           // (N, H): the state after each row's last step; h_0 where its length is 0
    // What backward() needs, and 0 where row n takes no step t. Null: not wanted.
    float *saved;  // (T, N, 3, H) contiguous: r, u and, with reset after, U_n k + d_n, or, with reset before, r * k
    float *norms;  // (T, N, 3 * H + 2) contiguous, with layer norm: U k less its mean over its deviation, as r, z, n,
                   // and one over the deviations of (r, z) and of n; null as `saved` is
    float *candidates;  // (T, N, H) contiguous: n, for inspection; null: not wanted
};

// Runs the layer. A row's result does not depend, to the last bit, on the other rows, on how its steps are cut into
// calls, or on the number of threads.
void forward(const Problem &problem, const Forward &call);

// Gradients of the weights, in their layout; null: not wanted. `initial_state` (H) is that of Forward::initial_state.
struct Gradients {
    float *ih, *hh, *bias_ih, *bias_hh, *gain_ih, *gain_hh, *initial_state;
};

struct Backward {
    // As in Forward, and as forward() left them:
    Weights weights;
    Sequence<const float> x;
    const float *h_0, *initial_state;
    Sequence<const float> dropout, out;
    const float *saved, *norms;

    Sequence<const float> dout;  // (T, N, H): gradient of out; null data: zero. Not read where t >= lengths[n].
    const float *dh_n;           // (N, H): gradient of h_n; null: zero

    Sequence<float> dx;  // (T, N, I): gradient of x, exactly 0 where row n takes no step t. Null data: not wanted.
    float *dh_0;         // (N, H): gradient of h_0
    Gradients to;
};

// The gradients of all that went into forward(). Where zoneout's mask was given there, Problem::zoneout is 0 here too.
// x is not read where a row takes no step.
void backward(const Problem &problem, const Backward &call);

// How the weight matrices are kept for inference; biases, gains, gates and states are float32.
//   bf16: each weight is rounded to the nearest bf16, ties to even; the arithmetic is that of float32.
//   int8: each row of the matrices is bytes times a scale, max|w| / 127. Each row x_t, h_{t-1} and, with reset before,
//   r_t * h_{t-1} that they multiply is made bytes times a scale, max / 127, at every step, so that the products are
//   sums of whole numbers, and exact. A row with NaN or infinity in it gives NaN. I and H are at most MOST_FEATURES.
enum class Precision { float32, bf16, int8 };
constexpr Index MOST_FEATURES = 1 << 17;  // times 127 * 127 this still fits 32 bits

// Makes `weight` (rows, columns), which is finite, bytes (rows, columns) times scales (rows), as Precision::int8 does.
// Scales have 17 bits, so that byte * scale is exact, and gives the same bytes and scales again.
void quantize(const float *weight, Index rows, Index columns, std::int8_t *bytes, float *scales);

// The weights of a layer and direction, packed once for many calls; the caller's memory is not used after the
// constructor.
class Packed {
  public:
    Packed(Index inputs, Index hidden, bool reset_after, const Weights &weights, Precision precision);
    ~Packed();
    Packed(const Packed &) = delete;
    Packed &operator=(const Packed &) = delete;

    struct Parts;
    const Parts &parts() const { return *parts_; }

  private:
    Parts *parts_;
};

// forward() for inference: call.weights is not read, and `saved` and `norms` are null. The problem's sizes and form are
// those that the weights were packed for.
void forward(const Problem &problem, const Packed &weights, const Forward &call);

// Steps `batch` independent streams through a stack of layers, each fed by the one below, and owns their states. The
// results are those of forward(), bit for bit. Only the constructor allocates. One thread at a time.
class Stream {
  public:
    struct Layer {
        Index inputs;  // I of the first layer, H of the others
        Weights weights;
        const float *initial_state = nullptr;  // (H): the state to start from; null: zero
    };
    // The weights are packed: the caller's memory is not used after the constructor.
    // `zoneout` is Problem::zoneout.
    Stream(const Layer *layers, Index layer_count, Index hidden, Index batch, bool reset_after, float zoneout,
           Precision precision = Precision::float32);
    ~Stream();
    Stream(const Stream &) = delete;
    Stream &operator=(const Stream &) = delete;

    // x (batch, I) contiguous, which must not lie in what state() returns; the new states are in state().
    void step(const float *x);
    // The last layer's states, (batch, H) contiguous: owned by the stream, valid until the next step or write.
    const float *state() const;
    // All layers' states, (layers, batch, H) contiguous.
    void read(float *states) const;
    void write(const float *states);
    void reset(Index row);  // to where it started, in all layers

    Index inputs() const;
    Index batch() const;
    Index hidden() const;
    Index layers() const;

  private:
    struct Parts;
    Parts *parts_;
};

// The instruction set in use: "avx512vnni", "avx512", "avx2" or "baseline" ("neon" where that is the baseline). It is
// chosen at the first call; the environment variable GRUVY_ISA names another one. Throws std::invalid_argument if that
// one is not known or this processor lacks it; the message lists those that it has.
const char *instruction_set();

}  // namespace gruvy
