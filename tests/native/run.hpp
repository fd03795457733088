// Calls the engine on a Sample, with memory that notices every write outside of what an output may hold.
#pragma once

#include "sample.hpp"

struct Output {
    Floats out, h_n, saved, norms;  // contiguous; saved and norms are empty where they were not wanted
};

struct Gradients {
    Floats dx, dh_0;                                                   // contiguous
    Floats ih, hh, bias_ih, bias_hh, gain_ih, gain_hh, initial_state;  // empty where the sample has none
};

struct How {
    int threads = 1;
    bool strided = false;  // sequences batch first, with gaps, and nothing aligned to more than a float
    bool save = true;      // float32 only
    gruvy::Precision precision = gruvy::Precision::float32;
};

Output run_forward(const Sample &sample, How how = {});
Gradients run_backward(const Sample &sample, const Output &output, How how = {});

// Every step through a Stream; for samples of a single layer in which a stream can do the same.
Floats run_stream(const Sample &sample);
bool fits_stream(const Case &c);

// Bit for bit, so that NaN equals NaN and 0 does not equal -0.
bool same_bits(const Floats &a, const Floats &b);
bool same_bits(const Output &a, const Output &b);
bool same_bits(const Gradients &a, const Gradients &b);  // of dx and dh_0: the others are sums over rows

gruvy::Weights weights_of(const Sample &sample);

// The largest difference over the largest value, or over 0.1 where that is less; infinite where a value is missing or
// not a number.
double relative_error(const Floats &found, const std::vector<double> &wanted);
