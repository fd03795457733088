#include "sample.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <sstream>
#include <utility>

namespace {

std::size_t size(Index n) { return static_cast<std::size_t>(n); }

// Checked memory accesses and threads are slow: one in so many of the cases has to do for them.
#if defined(IS_SLOW)
constexpr std::size_t TAKEN = 5;
#else
constexpr std::size_t TAKEN = 1;
#endif

std::vector<Case> thinned(const std::vector<Case> &all) {
    std::vector<Case> some;
    for (std::size_t i = 0; i < all.size(); i += TAKEN) some.push_back(all[i]);
    return some;
}

// On both sides of every width that the kernels know: vectors of 4, 8 and 16 units, blocks of 4 and 8 rows, several
// panels at once for few rows; and sizes of 1 and 0.
constexpr Index SIZES[][4] = {
    // T, N, I, H
    {1, 1, 1, 1},   {5, 2, 3, 4},  {9, 3, 2, 7},   {6, 4, 5, 8},    {7, 5, 16, 15},  {4, 8, 8, 16},   {3, 9, 9, 17},
    {12, 1, 4, 31}, {5, 6, 7, 33}, {20, 1, 1, 64}, {4, 13, 20, 70}, {3, 17, 3, 100}, {3, 7, 12, 130}, {30, 40, 6, 24},
    {0, 2, 3, 5},   {4, 0, 3, 5},  {4, 2, 0, 5},   {4, 2, 3, 0},    {9, 2, 1, 2},    {4, 10, 5, 48},  {3, 11, 4, 96},
};

void turn_on_everything(Case &c) {
    c.lengths = c.resets = c.initial_state = c.mask = c.layer_norm = true;
    c.dropout = Dropout::step;
    c.zoneout = Zoneout::mask;
}

void draw_features(Case &c, std::mt19937 &random) {
    for (bool *flag : {&c.reset_after, &c.reverse, &c.bias, &c.given_h_0, &c.lengths, &c.resets, &c.initial_state,
                       &c.mask, &c.layer_norm, &c.dout, &c.dh_n})
        *flag = random() & 1;
    c.dropout = static_cast<Dropout>(random() % 3);
    c.zoneout = static_cast<Zoneout>(random() % 3);
}

}  // namespace

std::string Case::text() const {
    std::ostringstream text;
    text << 'T' << steps << " N" << batch << " I" << inputs << " H" << hidden;
    text << (reset_after ? " reset after" : " reset before");
    const std::pair<bool, const char *> features[] = {
        {reverse, "reverse"},
        {!bias, "no bias"},
        {!given_h_0, "no h_0"},
        {lengths, "lengths"},
        {resets, "resets"},
        {initial_state, "initial_state"},
        {mask, "mask"},
        {layer_norm, "layer norm"},
        {dropout == Dropout::sequence, "dropout by sequence"},
        {dropout == Dropout::step, "dropout by step"},
        {zoneout == Zoneout::share, "zoneout's share"},
        {zoneout == Zoneout::mask, "zoneout's mask"},
        {!dout, "no dout"},
        {!dh_n, "no dh_n"},
    };
    for (const auto &[on, name] : features)
        if (on) text << ", " << name;
    return text.str();
}

std::vector<Case> cases() {
    std::mt19937 random(1);
    std::vector<Case> all;
    for (const auto &[steps, rows, inputs, hidden] : SIZES) {
        for (const bool reset_after : {true, false}) {
            Case c{steps, rows, inputs, hidden};
            c.reset_after = reset_after;
            all.push_back(c);
            turn_on_everything(c);
            for (const bool reverse : {false, true}) {
                c.reverse = reverse;
                all.push_back(c);
            }
        }
        for (int i = 0; i < 6; ++i) {
            Case c{steps, rows, inputs, hidden};
            draw_features(c, random);
            all.push_back(c);
        }
    }
    return thinned(all);
}

std::vector<Case> large_cases() {
    std::mt19937 random(2);
    std::vector<Case> all;
    for (const auto &[steps, rows, inputs, hidden] :
         {std::array<Index, 4>{50, 37, 24, 70}, {13, 3, 40, 300}, {9, 1, 150, 440}}) {
        for (const bool reset_after : {true, false}) {
            Case c{steps, rows, inputs, hidden};
            c.reset_after = reset_after;
            all.push_back(c);
            c.resets = c.initial_state = c.reverse = true;
            all.push_back(c);
            draw_features(c, random);
            c.reset_after = reset_after;
            all.push_back(c);
        }
    }
    return thinned(all);
}

Sample draw(const Case &c, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    const auto numbers = [&](Index count, double scale = 1, double mean = 0) {
        Floats found(size(count));
        for (float &number : found) number = static_cast<float>(mean + scale * normal(random));
        return found;
    };
    const auto flags = [&](Index count, unsigned percent) {
        Bytes found(size(count));
        for (std::uint8_t &flag : found) flag = random() % 100 < percent;
        return found;
    };
    const Index T = c.steps, N = c.batch, I = c.inputs, H = c.hidden;
    Sample s;
    s.c = c;
    s.ih = numbers(3 * H * I, 1 / std::sqrt(static_cast<double>(std::max<Index>(I, 1))));
    s.hh = numbers(3 * H * H, 1 / std::sqrt(static_cast<double>(std::max<Index>(H, 1))));
    if (c.bias) s.bias_ih = numbers(3 * H), s.bias_hh = numbers(3 * H);
    if (c.layer_norm) s.gain_ih = numbers(3 * H, 0.2, 1), s.gain_hh = numbers(3 * H, 0.2, 1);
    s.x = numbers(T * N * I);
    if (c.given_h_0) s.h_0 = numbers(N * H);
    if (c.initial_state) s.initial_state = numbers(H);
    if (c.lengths)
        for (Index n = 0; n < N; ++n) s.lengths.push_back(static_cast<Index>(random() % static_cast<unsigned>(T + 1)));
    if (c.resets) s.resets = flags(T * N, 25);
    if (c.mask) s.mask = flags(T * N, 70);
    if (c.dropout != Dropout::none) {
        for (const std::uint8_t keep : flags((c.dropout == Dropout::step ? T : 1) * N * H, 80))
            s.dropout.push_back(keep ? 1.25f : 0.0f);
    }
    if (c.zoneout == Zoneout::share) s.share = 0.3f;
    if (c.zoneout == Zoneout::mask) s.zoneout = flags(T * N * H, 30);
    if (c.dout) s.dout = numbers(T * N * H);
    if (c.dh_n) s.dh_n = numbers(N * H);

    const float nan = std::numeric_limits<float>::quiet_NaN();
    for (Index t = 0; t < T; ++t)
        for (Index n = 0; n < N; ++n) {
            const auto spoil = [&](Floats &numbers, Index features) {
                if (!numbers.empty()) std::fill_n(numbers.data() + (t * N + n) * features, features, nan);
            };
            if (!s.takes(t, n)) spoil(s.x, I);
            if (t < s.length(n)) continue;
            spoil(s.dout, H);
            if (c.dropout == Dropout::step) spoil(s.dropout, H);
        }
    return s;
}

Sample pick(const Sample &from, const std::vector<Index> &rows, Index begin, Index end, const Floats &h_0) {
    const Case &c = from.c;
    Sample s = from;
    s.c.steps = end - begin;
    s.c.batch = static_cast<Index>(rows.size());
    s.c.given_h_0 = !h_0.empty();
    s.h_0 = h_0;
    const auto take = [&](const auto &numbers, Index first, Index last, Index features) {
        auto found = numbers;
        found.clear();
        if (numbers.empty()) return found;
        for (Index t = first; t < last; ++t)
            for (const Index n : rows)
                for (Index i = 0; i < features; ++i) found.push_back(numbers[size((t * c.batch + n) * features + i)]);
        return found;
    };
    s.x = take(from.x, begin, end, c.inputs);
    s.dropout =
        c.dropout == Dropout::step ? take(from.dropout, begin, end, c.hidden) : take(from.dropout, 0, 1, c.hidden);
    s.zoneout = take(from.zoneout, begin, end, c.hidden);
    s.resets = take(from.resets, begin, end, 1);
    s.mask = take(from.mask, begin, end, 1);
    s.dout = take(from.dout, begin, end, c.hidden);
    s.dh_n = take(from.dh_n, 0, 1, c.hidden);
    s.lengths.clear();
    if (c.lengths)
        for (const Index n : rows) s.lengths.push_back(std::clamp<Index>(from.length(n) - begin, 0, end - begin));
    return s;
}

std::vector<Index> all_rows(const Sample &sample) {
    std::vector<Index> rows(size(sample.c.batch));
    std::iota(rows.begin(), rows.end(), Index{0});
    return rows;
}
