// Shapes, features, threads and special values from the fuzzer's bytes, held to what must be true of any of them:
// nothing is written beside an output (run.cpp), padding is zero, a row's numbers are its own, a stream gives those of
// the batch call, and without special values they are the oracle's.
#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "check.hpp"
#include "oracle.hpp"
#include "run.hpp"

namespace {

using Provider = FuzzedDataProvider;
using Limits = std::numeric_limits<float>;

constexpr float SPECIAL[] = {Limits::quiet_NaN(),
                             Limits::infinity(),
                             -Limits::infinity(),
                             Limits::denorm_min(),
                             1e-40f,
                             Limits::max(),
                             Limits::lowest(),
                             Limits::min(),
                             -0.0f,
                             88.8f,
                             -104.0f};

Case draw_case(Provider &bytes) {
    const auto size = [&](Index most) { return bytes.ConsumeIntegralInRange<Index>(0, most); };
    Case c{size(12), size(20), size(160), size(160)};
    for (bool *flag : {&c.reset_after, &c.reverse, &c.bias, &c.given_h_0, &c.lengths, &c.resets, &c.initial_state,
                       &c.mask, &c.layer_norm, &c.dout, &c.dh_n})
        *flag = bytes.ConsumeBool();
    c.dropout = static_cast<Dropout>(bytes.ConsumeIntegralInRange(0, 2));
    c.zoneout = static_cast<Zoneout>(bytes.ConsumeIntegralInRange(0, 2));
    return c;
}

// Puts special values where the bytes say, and returns whether there are any.
bool spoil(Sample &s, Provider &bytes) {
    const int count = bytes.ConsumeIntegralInRange(0, 4);
    bool any = false;
    for (int i = 0; i < count; ++i) {
        Floats *const arrays[] = {&s.x,       &s.h_0,     &s.initial_state, &s.ih,   &s.hh,  &s.bias_ih,
                                  &s.bias_hh, &s.gain_ih, &s.gain_hh,       &s.dout, &s.dh_n};
        Floats &array = *bytes.PickValueInArray(arrays);
        const float value = bytes.PickValueInArray(SPECIAL);
        if (array.empty()) continue;
        array[bytes.ConsumeIntegralInRange<std::size_t>(0, array.size() - 1)] = value;
        any = true;
    }
    return any;
}

// Bit for bit, but that any NaN will do: which of two NaN an operation passes on is the processor's choice.
bool same(const Floats &a, const Floats &b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](float x, float y) {
        return (x != x && y != y) || (x == y && std::signbit(x) == std::signbit(y));
    });
}

bool same(const Output &a, const Output &b) {
    return same(a.out, b.out) && same(a.h_n, b.h_n) && same(a.saved, b.saved) && same(a.norms, b.norms);
}

bool same(const Gradients &a, const Gradients &b) { return same(a.dx, b.dx) && same(a.dh_0, b.dh_0); }

// Row n of a contiguous (outer, N, features) array.
Floats row_of(const Floats &numbers, Index outer, Index rows, Index n) {
    Floats found;
    const Index features = outer * rows ? static_cast<Index>(numbers.size()) / (outer * rows) : 0;
    for (Index i = 0; i < outer; ++i) {
        const auto first = numbers.begin() + (i * rows + n) * features;
        found.insert(found.end(), first, first + features);
    }
    return found;
}

Output row_of(const Output &o, const Case &c, Index n) {
    return {row_of(o.out, c.steps, c.batch, n), row_of(o.h_n, 1, c.batch, n), row_of(o.saved, c.steps, c.batch, n),
            row_of(o.norms, c.steps, c.batch, n)};
}

Gradients row_of(const Gradients &g, const Case &c, Index n) {
    Gradients row;
    row.dx = row_of(g.dx, c.steps, c.batch, n);
    row.dh_0 = row_of(g.dh_0, 1, c.batch, n);
    return row;
}

void check_zeros(const Sample &s, const Output &output, const Gradients &gradients) {
    const auto zero = [](float number) { return number == 0; };
    const auto all_zero = [&](const Floats &numbers, Index t, Index n) {
        const Index positions = s.c.steps * s.c.batch, features = static_cast<Index>(numbers.size()) / positions;
        const auto first = numbers.begin() + (t * s.c.batch + n) * features;
        return std::all_of(first, first + features, zero);
    };
    for (Index t = 0; t < s.c.steps; ++t)
        for (Index n = 0; n < s.c.batch; ++n) {
            if (t >= s.length(n)) CHECK(all_zero(output.out, t, n), "out at step", t, "of row", n);
            if (s.takes(t, n)) continue;
            CHECK(all_zero(output.saved, t, n) && all_zero(output.norms, t, n), "saved at step", t, "of row", n);
            CHECK(all_zero(gradients.dx, t, n), "dx at step", t, "of row", n);
        }
}

// Every number that belongs to row n alone becomes NaN.
Sample poisoned(Sample s, Index n) {
    const auto poison = [&](Floats &numbers, Index outer) {
        const Index features = outer * s.c.batch ? static_cast<Index>(numbers.size()) / (outer * s.c.batch) : 0;
        for (Index i = 0; i < outer; ++i)
            std::fill_n(numbers.begin() + (i * s.c.batch + n) * features, features, Limits::quiet_NaN());
    };
    poison(s.x, s.c.steps);
    poison(s.dout, s.c.steps);
    poison(s.dropout, s.c.dropout == Dropout::step ? s.c.steps : s.c.dropout == Dropout::sequence);
    poison(s.h_0, 1);
    poison(s.dh_n, 1);
    return s;
}

}  // namespace

namespace check {

std::string context;

void fail(const char *file, int line, const std::string &message) {
    std::printf("%s:%d: %s\n    %s\n", file, line, message.c_str(), context.c_str());
    std::abort();
}

}  // namespace check

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    Provider bytes(data, size);
    Sample s = draw(draw_case(bytes), bytes.ConsumeIntegral<std::uint16_t>());
    const Case &c = s.c;
    check::context = c.text();
    const int threads = bytes.ConsumeIntegralInRange(1, 4);
    const Index row = bytes.ConsumeIntegralInRange<Index>(0, std::max<Index>(c.batch, 1) - 1);
    const bool special = spoil(s, bytes);

    const Output output = run_forward(s);
    const Gradients gradients = run_backward(s, output);
    CHECK(same(run_forward(s, {threads, true, true}), output), threads, "threads, strided");
    CHECK(same(run_backward(s, output, {threads, true, true}), gradients), threads, "threads, strided, backward");
    CHECK(same(run_forward(s, {threads, false, false}).out, output.out), "not saved");
    check_zeros(s, output, gradients);

    if (c.batch) {
        const Sample alone = pick(s, {row}, 0, c.steps, row_of(s.h_0, 1, c.batch, row));
        const Output alone_output = run_forward(alone);
        CHECK(same(alone_output, row_of(output, c, row)), "row", row, "alone");
        CHECK(same(run_backward(alone, alone_output), row_of(gradients, c, row)), "row", row, "alone, backward");
        const Sample beside = poisoned(s, row);
        const Output beside_output = run_forward(beside, {threads});
        const Gradients beside_gradients = run_backward(beside, beside_output, {threads});
        for (Index n = 0; n < c.batch; ++n) {
            if (n == row) continue;
            CHECK(same(row_of(beside_output, c, n), row_of(output, c, n)), "row", n, "beside NaN in", row);
            CHECK(same(row_of(beside_gradients, c, n), row_of(gradients, c, n)), "row", n, "beside NaN in", row);
        }
    }
    if (fits_stream(c)) CHECK(same(run_stream(s), output.out), "stream");
    if (!special) {
        const Expected want = expect(s);
        CHECK(relative_error(output.out, want.out) < (c.layer_norm ? 4e-5 : 4e-6),
              relative_error(output.out, want.out));
        CHECK(relative_error(gradients.dh_0, want.dh_0) < (c.layer_norm ? 2e-4 : 2e-5),
              relative_error(gradients.dh_0, want.dh_0));
    }
    return 0;
}
