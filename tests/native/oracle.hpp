// The equations of gru.hpp in double, one number at a time, and their derivatives: what the engine is held against.
#pragma once

#include "sample.hpp"

using Doubles = std::vector<double>;

// The outputs of forward(), and the gradients of backward(): of x, of h_0, and those in gruvy::Gradients.
struct Expected {
    Doubles out, h_n, saved, norms;
    Doubles dx, dh_0;
    Doubles ih, hh, bias_ih, bias_hh, gain_ih, gain_hh, initial_state;
};

Expected expect(const Sample &sample);
