#include "oracle.hpp"

#include <algorithm>
#include <cmath>
#include <initializer_list>

namespace {

std::size_t size(Index n) { return static_cast<std::size_t>(n); }

double sigmoid(double a) { return 1 / (1 + std::exp(-a)); }

// Sums of one group of gates, (r, z) or n, normalised: (a - mean) / deviation.
struct Norm {
    Doubles value;
    double inverse = 0;  // 1 / deviation

    explicit Norm(const Doubles &sums) : value(sums) {
        double mean = 0, variance = 0;
        for (const double a : sums) mean += a / static_cast<double>(sums.size());
        for (const double a : sums) variance += (a - mean) * (a - mean) / static_cast<double>(sums.size());
        inverse = 1 / std::sqrt(variance + 1e-5);
        for (double &a : value) a = (a - mean) * inverse;
    }

    // The gradient of the sums from that of the normalised values.
    Doubles back(const Doubles &dvalue) const {
        const double count = static_cast<double>(value.size());
        double mean = 0, along = 0;
        for (std::size_t i = 0; i < value.size(); ++i) mean += dvalue[i] / count, along += dvalue[i] * value[i] / count;
        Doubles found(value.size());
        for (std::size_t i = 0; i < value.size(); ++i) found[i] = inverse * (dvalue[i] - mean - value[i] * along);
        return found;
    }
};

// A product W v for the rows [first, last) of the weights, with layer norm and bias if there are; and where the
// gradients of weights, gains and biases are added up.
struct Product {
    const Floats &weight, &gain, &bias;
    Doubles &dweight, &dgain, &dbias;
    Index columns, first, last;
    Doubles v{};
    Norm norm{{}};

    Doubles operator()(const Doubles &given) {
        v = given;
        Doubles sums;
        for (Index g = first; g < last; ++g) {
            double sum = 0;
            for (Index i = 0; i < columns; ++i) sum += static_cast<double>(weight[size(g * columns + i)]) * v[size(i)];
            sums.push_back(sum);
        }
        if (!gain.empty()) {
            norm = Norm(sums);
            for (Index g = first; g < last; ++g) sums[size(g - first)] = norm.value[size(g - first)] * gain[size(g)];
        }
        for (Index g = first; g < last; ++g) sums[size(g - first)] += bias.empty() ? 0 : bias[size(g)];
        return sums;
    }

    // The gradient of v from that of what the call returned.
    Doubles back(Doubles d) {
        for (Index g = first; g < last; ++g) {
            if (!bias.empty()) dbias[size(g)] += d[size(g - first)];
            if (gain.empty()) continue;
            dgain[size(g)] += d[size(g - first)] * norm.value[size(g - first)];
            d[size(g - first)] *= gain[size(g)];
        }
        if (!gain.empty()) d = norm.back(d);
        Doubles dv(size(columns));
        for (Index g = first; g < last; ++g)
            for (Index i = 0; i < columns; ++i) {
                dweight[size(g * columns + i)] += d[size(g - first)] * v[size(i)];
                dv[size(i)] += static_cast<double>(weight[size(g * columns + i)]) * d[size(g - first)];
            }
        return dv;
    }
};

// One step that a row takes, forward and back.
class Step {
  public:
    Step(const Sample &sample, Index time, Index row, Expected &expected)
        : s(sample), t(time), n(row), H(sample.c.hidden), e(expected) {}

    const Sample &s;
    Index t, n, H;
    Expected &e;
    Product input_gates = product_of_x(0, 2), input_candidate = product_of_x(2, 3);
    Product gates = product_of_state(0, 2), candidate = product_of_state(2, 3);
    // c is the candidate n; part: U_n k + d_n, or r * k
    Doubles before{}, m{}, q{}, k{}, r{}, z{}, u{}, c{}, part{};

    Doubles forward(const Doubles &h) {
        before = k = r = z = u = c = part = m = q = Doubles(size(H));
        Doubles x;
        for (Index i = 0; i < s.c.inputs; ++i) x.push_back(s.x[size((t * s.c.batch + n) * s.c.inputs + i)]);
        for (Index i = 0; i < H; ++i) {
            const Index one = n * H + i, each = (t * s.c.batch + n) * H + i;
            m[size(i)] = s.dropout.empty() ? 1.0 : s.dropout[size(s.c.dropout == Dropout::step ? each : one)];
            q[size(i)] = s.zoneout.empty() ? s.share : s.zoneout[size(each)];
            before[size(i)] = h[size(i)];
            k[size(i)] = m[size(i)] * h[size(i)];
        }
        const Doubles from_x = input_gates(x), from_k = gates(k);
        for (Index i = 0; i < H; ++i) {
            r[size(i)] = sigmoid(from_x[size(i)] + from_k[size(i)]);
            z[size(i)] = sigmoid(from_x[size(H + i)] + from_k[size(H + i)]);
            part[size(i)] = r[size(i)] * k[size(i)];
        }
        const Doubles candidate_x = input_candidate(x), candidate_k = candidate(s.c.reset_after ? k : part);
        if (s.c.reset_after) part = candidate_k;
        Doubles after(size(H));
        for (Index i = 0; i < H; ++i) {
            const double hidden = candidate_k[size(i)] * (s.c.reset_after ? r[size(i)] : 1);
            c[size(i)] = std::tanh(candidate_x[size(i)] + hidden);
            u[size(i)] = z[size(i)] + q[size(i)] * (1 - z[size(i)]);
            after[size(i)] = c[size(i)] + u[size(i)] * (before[size(i)] - c[size(i)]);
        }
        return after;
    }

    // Turns the gradient of h_t into that of h_{t-1}, writes that of x, and adds those of the weights.
    Doubles back(const Doubles &dh, double *dx) {
        Doubles gates_in(size(2 * H)), dn(size(H)), dpart(size(H));  // gates_in: of what enters r and z
        for (std::size_t i = 0; i < size(H); ++i) {
            gates_in[size(H) + i] = dh[i] * (before[i] - c[i]) * (1 - q[i]) * z[i] * (1 - z[i]);
            dn[i] = dh[i] * (1 - u[i]) * (1 - c[i] * c[i]);
            dpart[i] = s.c.reset_after ? dn[i] * r[i] : dn[i];
        }
        Doubles dk = candidate.back(dpart);  // with reset before that of r * k, at first
        for (std::size_t i = 0; i < size(H); ++i) {
            gates_in[i] = (s.c.reset_after ? dn[i] * part[i] : dk[i] * k[i]) * r[i] * (1 - r[i]);
            if (!s.c.reset_after) dk[i] *= r[i];
        }
        const Doubles dk_gates = gates.back(gates_in);
        Doubles dbefore(size(H));
        for (std::size_t i = 0; i < size(H); ++i) dbefore[i] = dh[i] * u[i] + m[i] * (dk[i] + dk_gates[i]);
        const Doubles dx_gates = input_gates.back(gates_in), dx_candidate = input_candidate.back(dn);
        for (std::size_t i = 0; i < dx_gates.size(); ++i) dx[i] = dx_gates[i] + dx_candidate[i];
        return dbefore;
    }

  private:
    Product product_of_x(Index first, Index last) {
        return {s.ih, s.gain_ih, s.bias_ih, e.ih, e.gain_ih, e.bias_ih, s.c.inputs, first * H, last * H};
    }
    Product product_of_state(Index first, Index last) {
        return {s.hh, s.gain_hh, s.bias_hh, e.hh, e.gain_hh, e.bias_hh, H, first * H, last * H};
    }
};

// Whether a new segment of the row begins at step t.
bool begins(const Sample &s, Index t, Index n) {
    if (s.resets.empty()) return false;
    if (!s.c.reverse) return s.resets[size(t * s.c.batch + n)] != 0;
    return t + 1 < s.length(n) && s.resets[size((t + 1) * s.c.batch + n)] != 0;
}

}  // namespace

Expected expect(const Sample &s) {
    const Index T = s.c.steps, N = s.c.batch, H = s.c.hidden;
    Expected e;
    e.out.resize(size(T * N * H));
    e.h_n.resize(size(N * H));
    e.saved.resize(size(T * N * 3 * H));
    e.dx.resize(size(T * N * s.c.inputs));
    e.dh_0.resize(size(N * H));
    e.ih.resize(s.ih.size());
    e.hh.resize(s.hh.size());
    e.bias_ih.resize(s.bias_ih.size());
    e.bias_hh.resize(s.bias_hh.size());
    e.gain_ih.resize(s.gain_ih.size());
    e.gain_hh.resize(s.gain_hh.size());
    e.initial_state.resize(s.initial_state.size());
    if (s.c.layer_norm && H) e.norms.resize(size(T * N * (3 * H + 2)));

    for (Index n = 0; n < N; ++n) {
        Doubles h(size(H));
        for (Index i = 0; i < H && !s.h_0.empty(); ++i) h[size(i)] = s.h_0[size(n * H + i)];
        std::vector<Step> taken;
        const Index length = s.length(n);
        for (Index number = 0; number < length; ++number) {
            const Index t = s.c.reverse ? length - 1 - number : number, at = t * N + n;
            for (Index i = 0; i < H && begins(s, t, n); ++i)
                h[size(i)] = s.initial_state.empty() ? 0 : s.initial_state[size(i)];
            if (s.takes(t, n)) {
                taken.emplace_back(s, t, n, e);
                Step &step = taken.back();
                h = step.forward(h);
                double *saved = e.saved.data() + at * 3 * H;
                for (const Doubles *part : {&step.r, &step.u, &step.part})
                    for (const double number_saved : *part) *saved++ = number_saved;
                if (!e.norms.empty()) {
                    double *norms = e.norms.data() + at * (3 * H + 2);
                    for (const Norm *norm : {&step.gates.norm, &step.candidate.norm})
                        for (const double value : norm->value) *norms++ = value;
                    *norms++ = step.gates.norm.inverse;
                    *norms = step.candidate.norm.inverse;
                }
            }
            std::copy(h.begin(), h.end(), e.out.begin() + at * H);
        }
        std::copy(h.begin(), h.end(), e.h_n.begin() + n * H);

        Doubles dh(size(H));
        for (Index i = 0; i < H && !s.dh_n.empty(); ++i) dh[size(i)] = s.dh_n[size(n * H + i)];
        for (Index number = length - 1; number >= 0; --number) {
            const Index t = s.c.reverse ? length - 1 - number : number, at = t * N + n;
            for (Index i = 0; i < H && !s.dout.empty(); ++i) dh[size(i)] += s.dout[size(at * H + i)];
            if (s.takes(t, n)) {
                dh = taken.back().back(dh, e.dx.data() + at * s.c.inputs);
                taken.pop_back();
            }
            for (Index i = 0; i < H && begins(s, t, n); ++i) {
                if (!s.initial_state.empty()) e.initial_state[size(i)] += dh[size(i)];
                dh[size(i)] = 0;
            }
        }
        std::copy(dh.begin(), dh.end(), e.dh_0.begin() + n * H);
    }
    return e;
}
