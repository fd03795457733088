#include "run.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <new>

#include "check.hpp"

namespace {

std::size_t size(Index n) { return static_cast<std::size_t>(n); }

// A NaN that no arithmetic makes: what has not been written, and what must not be.
float untouched() {
    const std::uint32_t bits = 0x7fc0beef;
    float number;
    std::memcpy(&number, &bits, sizeof number);
    return number;
}

bool is_untouched(float number) {
    const float pattern = untouched();
    return std::memcmp(&number, &pattern, sizeof number) == 0;
}

// Numbers of type T at the end of a block of its own, so that AddressSanitizer sees the first one too many.
// (steps, rows, features) either contiguous, or strided: batch first, with a gap after every row and step.
template <class T>
class Grid {
  public:
    Grid(Index steps, Index rows, Index features, bool strided, T filling)
        : steps_(steps), rows_(rows), features_(features) {
        time = strided ? features + 3 : rows * features;
        row = strided ? steps * time + 5 : features;
        first_ = strided ? 1 : 0;
        const bool any = steps && rows && features;
        if (any) memory_.assign(size(first_ + (steps - 1) * time + (rows - 1) * row + features), filling);
    }
    Grid(const std::vector<T> &numbers, Index steps, Index rows, Index features, bool strided, T filling)
        : Grid(steps, rows, features, strided, filling) {
        each([&](Index from, T &to) { to = numbers[size(from)]; });
    }

    T *data() { return memory_.empty() ? nullptr : memory_.data() + first_; }

    std::vector<T> contiguous() {
        std::vector<T> numbers(size(steps_ * rows_ * features_));
        each([&](Index to, T &from) { numbers[size(to)] = from; });
        return numbers;
    }

    // The numbers, which are taken out: only gaps remain.
    std::vector<T> take_out(T filling) {
        const std::vector<T> numbers = contiguous();
        each([&](Index, T &number) { number = filling; });
        return numbers;
    }

    bool all(bool (*holds)(T)) const { return std::all_of(memory_.begin(), memory_.end(), holds); }

    Index time, row;

  private:
    template <class Body>
    void each(Body body) {
        for (Index t = 0; t < steps_; ++t)
            for (Index n = 0; n < rows_; ++n)
                for (Index i = 0; i < features_; ++i)
                    body((t * rows_ + n) * features_ + i, memory_[size(first_ + t * time + n * row + i)]);
    }

    Index steps_, rows_, features_, first_;
    std::vector<T> memory_;
};

// A contiguous output between two guards.
class Guarded {
  public:
    explicit Guarded(Index count, bool strided = false) : count_(count), first_(strided ? 17 : 16) {
        memory_.assign(size(count + 2 * first_), untouched());
    }
    float *data() { return memory_.data() + first_; }
    Floats take_out(const char *name) {
        const auto begin = memory_.begin() + first_, end = begin + count_;
        const Floats numbers(begin, end);
        CHECK(std::all_of(memory_.begin(), begin, is_untouched) && std::all_of(end, memory_.end(), is_untouched),
              "something was written beside", name);
        CHECK(std::none_of(numbers.begin(), numbers.end(), is_untouched), "not written in full:", name);
        return numbers;
    }

  private:
    Index count_, first_;
    Floats memory_;
};

template <class T>
const T *data_or_null(const std::vector<T> &numbers) {
    return numbers.empty() ? nullptr : numbers.data();
}

gruvy::Problem problem_of(const Sample &s, int threads) {
    gruvy::Problem problem{};
    problem.steps = s.c.steps;
    problem.batch = s.c.batch;
    problem.inputs = s.c.inputs;
    problem.hidden = s.c.hidden;
    problem.reset_after = s.c.reset_after;
    problem.reverse = s.c.reverse;
    problem.lengths = data_or_null(s.lengths);
    problem.resets = data_or_null(s.resets);
    problem.mask = data_or_null(s.mask);
    problem.zoneout = s.share;
    problem.threads = threads;
    return problem;
}

constexpr float NOT_A_NUMBER = std::numeric_limits<float>::quiet_NaN();

Grid<float> dropout_of(const Sample &s, bool strided) {
    const Index steps = s.dropout.empty() ? 0 : s.c.dropout == Dropout::step ? s.c.steps : 1;
    return Grid<float>(s.dropout, steps, s.c.batch, s.c.hidden, strided, NOT_A_NUMBER);
}

gruvy::Sequence<const float> sequence_of(const Sample &s, Grid<float> &dropout) {
    return {dropout.data(), s.c.dropout == Dropout::step ? dropout.time : 0, dropout.row};
}

bool same_memory(const void *a, const void *b, std::size_t bytes) {
    return bytes == 0 || std::memcmp(a, b, bytes) == 0;
}

}  // namespace

gruvy::Weights weights_of(const Sample &s) {
    return {s.ih.data(),
            s.hh.data(),
            data_or_null(s.bias_ih),
            data_or_null(s.bias_hh),
            data_or_null(s.gain_ih),
            data_or_null(s.gain_hh)};
}

Output run_forward(const Sample &s, How how) {
    const Index T = s.c.steps, N = s.c.batch, H = s.c.hidden;
    Grid<float> x(s.x, T, N, s.c.inputs, how.strided, NOT_A_NUMBER), dropout = dropout_of(s, how.strided);
    Grid<std::uint8_t> zoneout(s.zoneout, s.zoneout.empty() ? 0 : T, N, H, how.strided, 1);
    Grid<float> out(T, N, H, how.strided, untouched());
    Guarded h_n(N * H, how.strided), saved(how.save ? T * N * 3 * H : 0, how.strided);
    const bool norms_wanted = how.save && s.c.layer_norm && H > 0;
    Guarded norms(norms_wanted ? T * N * (3 * H + 2) : 0, how.strided);

    gruvy::Forward call{};
    call.weights = weights_of(s);
    call.x = {x.data(), x.time, x.row};
    call.h_0 = data_or_null(s.h_0);
    call.initial_state = data_or_null(s.initial_state);
    call.dropout = sequence_of(s, dropout);
    call.zoneout = {zoneout.data(), zoneout.time, zoneout.row};
    call.out = {out.data(), out.time, out.row};
    call.h_n = h_n.data();
    call.saved = how.save ? saved.data() : nullptr;
    call.norms = norms_wanted ? norms.data() : nullptr;
    if (how.precision == gruvy::Precision::float32) {
        gruvy::forward(problem_of(s, how.threads), call);
    } else {
        const gruvy::Packed packed(s.c.inputs, H, s.c.reset_after, weights_of(s), how.precision);
        gruvy::forward(problem_of(s, how.threads), packed, call);
    }

    const Output output{out.take_out(untouched()), h_n.take_out("h_n"), saved.take_out("saved"),
                        norms.take_out("norms")};
    CHECK(out.all(is_untouched), "something was written between the rows of out");
    CHECK(std::none_of(output.out.begin(), output.out.end(), is_untouched), "out was not written in full");
    return output;
}

Gradients run_backward(const Sample &s, const Output &output, How how) {
    const Index T = s.c.steps, N = s.c.batch, H = s.c.hidden;
    Grid<float> out(output.out, T, N, H, how.strided, NOT_A_NUMBER), dropout = dropout_of(s, how.strided);
    Grid<float> dout(s.dout, s.dout.empty() ? 0 : T, N, H, how.strided, NOT_A_NUMBER);
    Grid<float> x(s.x, T, N, s.c.inputs, how.strided, NOT_A_NUMBER);
    Grid<float> dx(T, N, s.c.inputs, how.strided, untouched());
    Guarded dh_0(N * H, how.strided);
    const Floats *const parameters[] = {&s.ih, &s.hh, &s.bias_ih, &s.bias_hh, &s.gain_ih, &s.gain_hh, &s.initial_state};
    std::vector<Guarded> gradients;
    for (const Floats *parameter : parameters)
        gradients.emplace_back(static_cast<Index>(parameter->size()), how.strided);
    const auto to = [&](std::size_t i) { return parameters[i]->empty() ? nullptr : gradients[i].data(); };

    gruvy::Backward call{};
    call.weights = weights_of(s);
    call.x = {x.data(), x.time, x.row};
    call.h_0 = data_or_null(s.h_0);
    call.initial_state = data_or_null(s.initial_state);
    call.dropout = sequence_of(s, dropout);
    call.out = {out.data(), out.time, out.row};
    call.saved = output.saved.data();
    call.norms = data_or_null(output.norms);
    call.dout = {dout.data(), dout.time, dout.row};
    call.dh_n = data_or_null(s.dh_n);
    call.dx = {dx.data(), dx.time, dx.row};
    call.dh_0 = dh_0.data();
    call.to = {to(0), to(1), to(2), to(3), to(4), to(5), to(6)};
    gruvy::backward(problem_of(s, how.threads), call);

    const Floats found = dx.take_out(untouched());
    CHECK(dx.all(is_untouched), "something was written between the rows of dx");
    CHECK(std::none_of(found.begin(), found.end(), is_untouched), "dx was not written in full");
    return {found,
            dh_0.take_out("dh_0"),
            gradients[0].take_out("the gradient of ih"),
            gradients[1].take_out("the gradient of hh"),
            gradients[2].take_out("the gradient of bias_ih"),
            gradients[3].take_out("the gradient of bias_hh"),
            gradients[4].take_out("the gradient of gain_ih"),
            gradients[5].take_out("the gradient of gain_hh"),
            gradients[6].take_out("the gradient of initial_state")};
}

bool fits_stream(const Case &c) {
    return !c.reverse && !c.lengths && !c.resets && !c.mask && c.dropout == Dropout::none &&
           c.zoneout != Zoneout::mask && c.inputs > 0 && c.hidden > 0 && c.batch > 0;
}

Floats run_stream(const Sample &s) {
    const gruvy::Stream::Layer layer{s.c.inputs, weights_of(s)};
    gruvy::Stream stream(&layer, 1, s.c.hidden, s.c.batch, s.c.reset_after, s.share);
    if (!s.h_0.empty()) stream.write(s.h_0.data());
    Floats states;
    for (Index t = 0; t < s.c.steps; ++t) {
        stream.step(s.x.data() + t * s.c.batch * s.c.inputs);
        states.insert(states.end(), stream.state(), stream.state() + s.c.batch * s.c.hidden);
    }
    return states;
}

bool same_bits(const Floats &a, const Floats &b) {
    return a.size() == b.size() && same_memory(a.data(), b.data(), a.size() * sizeof(float));
}

bool same_bits(const Output &a, const Output &b) {
    return same_bits(a.out, b.out) && same_bits(a.h_n, b.h_n) && same_bits(a.saved, b.saved) &&
           same_bits(a.norms, b.norms);
}

bool same_bits(const Gradients &a, const Gradients &b) { return same_bits(a.dx, b.dx) && same_bits(a.dh_0, b.dh_0); }

double relative_error(const Floats &found, const std::vector<double> &wanted) {
    if (found.size() != wanted.size()) return std::numeric_limits<double>::infinity();
    double difference = 0, largest = 0.1;  // small values are differences of larger ones
    for (std::size_t i = 0; i < found.size(); ++i) {
        const double one = std::abs(static_cast<double>(found[i]) - wanted[i]);
        if (!std::isfinite(one)) return std::numeric_limits<double>::infinity();
        difference = std::max(difference, one);
        largest = std::max(largest, std::abs(wanted[i]));
    }
    return difference / largest;
}
