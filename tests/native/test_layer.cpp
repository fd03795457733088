// forward() and backward() against the oracle, and the oracle against differences of its own forward pass.
#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "check.hpp"
#include "oracle.hpp"
#include "run.hpp"

namespace {

// What float32 can be held to, relative to the largest value. Layer norm divides by deviations, which may be small.
double output_error(const Case &c) { return c.layer_norm ? 4e-5 : 4e-6; }
double gradient_error(const Case &c) { return c.layer_norm ? 2e-4 : 2e-5; }

void check_forward(const Sample &s, const Expected &want, How how) {
    const check::Context context(
        check::text(how.threads, "threads", how.strided ? "strided" : "", how.save ? "" : "not saved"));
    const Output found = run_forward(s, how);
    CHECK(relative_error(found.out, want.out) < output_error(s.c), relative_error(found.out, want.out));
    CHECK(relative_error(found.h_n, want.h_n) < output_error(s.c), relative_error(found.h_n, want.h_n));
    if (how.save) {
        CHECK(relative_error(found.saved, want.saved) < output_error(s.c), relative_error(found.saved, want.saved));
        CHECK(relative_error(found.norms, want.norms) < output_error(s.c), relative_error(found.norms, want.norms));
    }
    for (Index t = 0; t < s.c.steps; ++t)
        for (Index n = 0; n < s.c.batch; ++n) {
            const auto zero = [](float number) { return number == 0 && !std::signbit(number); };
            const auto at = [&](const Floats &numbers, Index features) {
                return numbers.begin() + (t * s.c.batch + n) * features;
            };
            if (t >= s.length(n))
                CHECK(std::all_of(at(found.out, s.c.hidden), at(found.out, s.c.hidden) + s.c.hidden, zero),
                      "out at step", t, "of row", n);
            if (how.save && !s.takes(t, n))
                CHECK(std::all_of(at(found.saved, 3 * s.c.hidden), at(found.saved, 3 * s.c.hidden) + 3 * s.c.hidden,
                                  zero),
                      "saved at step", t, "of row", n);
        }
}

void check_backward(const Sample &s, const Expected &want, const Output &output, How how) {
    const check::Context context(check::text(how.threads, "threads", how.strided ? "strided" : ""));
    const Gradients found = run_backward(s, output, how);
    const struct {
        const char *name;
        const Floats &found;
        const Doubles &wanted;
    } gradients[] = {
        {"x", found.dx, want.dx},
        {"h_0", found.dh_0, want.dh_0},
        {"ih", found.ih, want.ih},
        {"hh", found.hh, want.hh},
        {"bias_ih", found.bias_ih, want.bias_ih},
        {"bias_hh", found.bias_hh, want.bias_hh},
        {"gain_ih", found.gain_ih, want.gain_ih},
        {"gain_hh", found.gain_hh, want.gain_hh},
        {"initial_state", found.initial_state, want.initial_state},
    };
    for (const auto &[name, gradient, wanted] : gradients)
        CHECK(relative_error(gradient, wanted) < gradient_error(s.c), "gradient of", name,
              relative_error(gradient, wanted));
    for (Index t = 0; t < s.c.steps; ++t)
        for (Index n = 0; n < s.c.batch; ++n) {
            if (s.takes(t, n)) continue;
            const auto begin = found.dx.begin() + (t * s.c.batch + n) * s.c.inputs;
            CHECK(std::all_of(begin, begin + s.c.inputs, [](float number) { return number == 0; }), "dx at step", t,
                  "of row", n);
        }
}

void check_sample(const Sample &s, std::initializer_list<int> threads) {
    const check::Context context(s.c.text());
    const Expected want = expect(s);
    const Output output = run_forward(s);
    for (const int count : threads) {
        check_forward(s, want, {count, false, true});
        check_forward(s, want, {count, true, false});
        check_backward(s, want, output, {count, false});
        check_backward(s, want, output, {count, true});
    }
}

}  // namespace

TEST(agrees_with_the_oracle) {
    for (const Case &c : cases()) check_sample(draw(c), {1, 3});
}

TEST(agrees_with_the_oracle_where_threads_share_the_work) {
    for (const Case &c : large_cases()) check_sample(draw(c), {1, 2, 3, 4});
}

// Central differences of sum(out * dout) + sum(h_n * dh_n).
TEST(the_oracle_differentiates_its_own_forward_pass) {
    for (const Case &c : cases()) {
        if (c.steps * c.batch * c.hidden > 300 || !c.dout || !c.dh_n) continue;
        const Sample s = draw(c);
        const check::Context context(c.text());
        const auto loss = [](const Sample &sample) {
            const Expected e = expect(sample);
            double sum = 0;
            for (std::size_t i = 0; i < e.h_n.size(); ++i) sum += e.h_n[i] * sample.dh_n[i];
            for (std::size_t i = 0; i < e.out.size(); ++i)
                if (e.out[i] != 0) sum += e.out[i] * sample.dout[i];  // dout is NaN where out is padding
            return sum;
        };
        const Expected e = expect(s);
        const std::pair<Floats Sample::*, const Doubles &> pairs[] = {
            {&Sample::x, e.dx},
            {&Sample::h_0, e.dh_0},
            {&Sample::ih, e.ih},
            {&Sample::hh, e.hh},
            {&Sample::bias_ih, e.bias_ih},
            {&Sample::bias_hh, e.bias_hh},
            {&Sample::gain_ih, e.gain_ih},
            {&Sample::gain_hh, e.gain_hh},
            {&Sample::initial_state, e.initial_state},
        };
        for (std::size_t which = 0; which < std::size(pairs); ++which) {
            const auto &[numbers, gradient] = pairs[which];
            for (std::size_t i = 0; i < (s.*numbers).size(); i += 1 + (s.*numbers).size() / 12) {  // a dozen of each
                if (std::isnan((s.*numbers)[i])) continue;                                         // not used
                Sample higher = s, lower = s;
                (higher.*numbers)[i] += 1e-4f;
                (lower.*numbers)[i] -= 1e-4f;
                const double step = static_cast<double>((higher.*numbers)[i]) - (lower.*numbers)[i];
                const double wanted = (loss(higher) - loss(lower)) / step;
                CHECK(std::abs(gradient[i] - wanted) < 1e-4 * (1 + std::abs(wanted)), "array", which, "number", i,
                      gradient[i], wanted);
            }
        }
    }
}
