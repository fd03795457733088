// What a layer can be asked to do, as data: a Case, and a Sample of it with numbers drawn. A new feature of the engine
// becomes a member of Case, numbers in Sample, and equations in oracle.cpp; every test then covers it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gru.hpp"

using gruvy::Index;
using Floats = std::vector<float>;
using Bytes = std::vector<std::uint8_t>;

enum class Dropout { none, sequence, step };  // no mask, one for all steps, one for each
enum class Zoneout { none, share, mask };

struct Case {
    Index steps, batch, inputs, hidden;
    bool reset_after = true, reverse = false;
    bool bias = true, given_h_0 = true;
    bool lengths = false, resets = false, initial_state = false, mask = false, layer_norm = false;
    Dropout dropout = Dropout::none;
    Zoneout zoneout = Zoneout::none;
    bool dout = true, dh_n = true;  // gradients that are given to backward()

    std::string text() const;
};

// Empty where the Case does without. Numbers that the engine must not use are NaN: x, dropout and dout past the end
// of a row, and x where the mask is 0.
struct Sample {
    Case c;
    Floats ih, hh, bias_ih, bias_hh, gain_ih, gain_hh;
    Floats x, h_0, initial_state, dropout, dout, dh_n;
    Bytes resets, mask, zoneout;
    std::vector<Index> lengths;
    float share = 0;  // Problem::zoneout

    Index length(Index row) const { return lengths.empty() ? c.steps : lengths[static_cast<std::size_t>(row)]; }
    bool takes(Index t, Index row) const {
        return t < length(row) && (mask.empty() || mask[static_cast<std::size_t>(t * c.batch + row)]);
    }
};

// The table: all sizes in both forms with nothing and with everything, and features drawn at random besides.
std::vector<Case> cases();
// Large enough for threads to share the work, by rows and, with one row, by units.
std::vector<Case> large_cases();

Sample draw(const Case &c, unsigned seed = 0);

// The given rows, in this order, at the steps [begin, end), starting from h_0 (N, H) of the rows picked.
Sample pick(const Sample &from, const std::vector<Index> &rows, Index begin, Index end, const Floats &h_0);
std::vector<Index> all_rows(const Sample &sample);
