// The binding: reads the arrays that engine.py, nn/ and streaming.py hand over, by their names in gru.hpp, and releases
// the interpreter while it computes.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>
#include <tuple>
#include <vector>

#include "arrays.hpp"
#include "gru.hpp"
#include "workspace.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

using gruvy::Arrays;
using gruvy::Index;
using gruvy::Origin;

using Input = nb::ndarray<const float, nb::c_contig, nb::device::cpu>;
using Output = nb::ndarray<float, nb::c_contig, nb::device::cpu>;

// (batch, features), or (features) where there is one row.
template <class Array>
void expect_batch(const Array &array, const char *name, Index batch, Index features) {
    const std::size_t n = array.ndim();
    const bool matches = (n == 1 && batch == 1 && array.shape(0) == static_cast<std::size_t>(features)) ||
                         (n == 2 && array.shape(0) == static_cast<std::size_t>(batch) &&
                          array.shape(1) == static_cast<std::size_t>(features));
    if (!matches) throw std::invalid_argument(name);
}

// An item of a tuple or list, which owns it; None past its end.
nb::handle item(nb::handle items, Py_ssize_t at) {
    if (PyTuple_Check(items.ptr()) && at < PyTuple_GET_SIZE(items.ptr())) return PyTuple_GET_ITEM(items.ptr(), at);
    if (PyList_Check(items.ptr()) && at < PyList_GET_SIZE(items.ptr())) return PyList_GET_ITEM(items.ptr(), at);
    return nb::handle(Py_None);
}

// weight_ih, weight_hh, bias_ih, bias_hh, gain_ih and gain_hh; what comes after them is not looked at.
gruvy::Weights weights_of(nb::handle given, Index inputs, Index hidden) {
    const Index rows = 3 * hidden;
    if (item(given, 0).is_none() || item(given, 1).is_none() || item(given, 4).is_none() != item(given, 5).is_none())
        throw std::invalid_argument("weights are missing");
    return {Arrays::block<float>(item(given, 0), "weight_ih", {rows, inputs}),
            Arrays::block<float>(item(given, 1), "weight_hh", {rows, hidden}),
            Arrays::block<float>(item(given, 2), "bias_ih", {rows}),
            Arrays::block<float>(item(given, 3), "bias_hh", {rows}),
            Arrays::block<float>(item(given, 4), "gain_ih", {rows}),
            Arrays::block<float>(item(given, 5), "gain_hh", {rows})};
}

// Gradients of the weights, in their order, and of the state that new segments begin with.
gruvy::Gradients gradients_of(nb::handle made, Index inputs, Index hidden) {
    const Index rows = 3 * hidden;
    const auto block = [&](Py_ssize_t at, const char *name, std::initializer_list<Index> shape) {
        return Arrays::block<float>(item(made, at), name, shape, Origin::made);
    };
    return {block(0, "gradient of weight_ih", {rows, inputs}), block(1, "gradient of weight_hh", {rows, hidden}),
            block(2, "gradient of bias_ih", {rows}),           block(3, "gradient of bias_hh", {rows}),
            block(4, "gradient of gain_ih", {rows}),           block(5, "gradient of gain_hh", {rows}),
            block(6, "gradient of initial_state", {hidden})};
}

// Packed weights, with what the problems that they are used for have to agree with.
struct PackedLayer {
    gruvy::Packed packed;
    Index inputs, hidden;
    bool reset_after;
};

// Releases the interpreter while the engine computes. Before Python 3.14 a daemon thread that takes it back at the end
// of the program is ended by unwinding its stack, which nanobind does not allow and std::terminate would answer: such a
// thread sleeps here until the process is gone, as Python 3.14 lets it.
class Released {
  public:
    Released() : state_(PyEval_SaveThread()) {}
    ~Released() noexcept(false) {
        try {
            PyEval_RestoreThread(state_);
        } catch (...) {
            for (;;) pause();
        }
    }
    Released(const Released &) = delete;
    Released &operator=(const Released &) = delete;

  private:
    PyThreadState *state_;
};

}  // namespace

NB_MODULE(_engine, m) {
    m.doc() =
        "gruvy's native engine; use it through gruvy.engine. Problem, Forward and Backward hold addresses of arrays, "
        "not the arrays: these must outlive the call that they are for.";

    m.def("take_tensors", &Arrays::take_tensors, "table"_a, "tensor"_a, "parameter"_a);

    nb::class_<gruvy::Problem>(m, "Problem")
        .def(
            "__init__",
            [](gruvy::Problem *self, Index steps, Index batch, Index inputs, Index hidden, bool reset_after,
               bool reverse, nb::handle lengths, nb::handle resets, nb::handle mask, float zoneout, int threads) {
                new (self) gruvy::Problem{steps,
                                          batch,
                                          inputs,
                                          hidden,
                                          reset_after,
                                          reverse,
                                          Arrays::block<Index>(lengths, "lengths", {batch}),
                                          Arrays::block<std::uint8_t>(resets, "resets", {steps, batch}),
                                          Arrays::block<std::uint8_t>(mask, "mask", {steps, batch}),
                                          zoneout,
                                          threads};
            },
            "steps"_a, "batch"_a, "inputs"_a, "hidden"_a, nb::kw_only(), "reset_after"_a, "reverse"_a,
            "lengths"_a = nb::none(), "resets"_a = nb::none(), "mask"_a = nb::none(), "zoneout"_a, "threads"_a);

    nb::class_<gruvy::Forward>(m, "Forward")
        .def(
            "__init__",
            [](gruvy::Forward *self, const gruvy::Problem &problem, nb::handle weights, nb::handle x, nb::handle h_0,
               nb::handle initial_state, nb::handle dropout, nb::handle zoneout, nb::handle out, nb::handle h_n,
               nb::handle gates, nb::handle norms, nb::handle candidates) {
                const auto &[T, N, I, H] = std::tie(problem.steps, problem.batch, problem.inputs, problem.hidden);
                gruvy::Weights read{};  // stays empty where the weights are packed
                if (!weights.is_none()) read = weights_of(weights, I, H);
                new (self)
                    gruvy::Forward{read,
                                   Arrays::sequence<const float>(x, "x", {T, N, I}),
                                   Arrays::block<float>(h_0, "h_0", {N, H}),
                                   Arrays::block<float>(initial_state, "initial_state", {H}),
                                   Arrays::sequence<const float>(dropout, "dropout", {T, N, H}, Origin::given, true),
                                   Arrays::sequence<const std::uint8_t>(zoneout, "zoneout", {T, N, H}),
                                   Arrays::sequence<float>(out, "out", {T, N, H}, Origin::made),
                                   Arrays::block<float>(h_n, "h_n", {N, H}, Origin::made),
                                   Arrays::block<float>(gates, "gates", {T, N, 3, H}, Origin::made),
                                   Arrays::block<float>(norms, "norms", {T, N, 3 * H + 2}, Origin::made),
                                   Arrays::block<float>(candidates, "candidates", {T, N, H}, Origin::made)};
                if (read.gain_hh && !gates.is_none() && norms.is_none())
                    throw std::invalid_argument("norms are missing");
            },
            "problem"_a, nb::kw_only(), "weights"_a = nb::none(), "x"_a, "h_0"_a = nb::none(),
            "initial_state"_a = nb::none(), "dropout"_a = nb::none(), "zoneout"_a = nb::none(), "out"_a, "h_n"_a,
            "gates"_a = nb::none(), "norms"_a = nb::none(), "candidates"_a = nb::none());

    nb::class_<gruvy::Backward>(m, "Backward")
        .def(
            "__init__",
            [](gruvy::Backward *self, const gruvy::Problem &problem, nb::handle weights, nb::handle x, nb::handle h_0,
               nb::handle initial_state, nb::handle dropout, nb::handle out, nb::handle gates, nb::handle norms,
               nb::handle dout, nb::handle dh_n, nb::handle dx, nb::handle dh_0, nb::handle gradients) {
                const auto &[T, N, I, H] = std::tie(problem.steps, problem.batch, problem.inputs, problem.hidden);
                const gruvy::Weights read = weights_of(weights, I, H);
                if ((read.gain_hh != nullptr) != !norms.is_none()) throw std::invalid_argument("norms do not fit");
                new (self)
                    gruvy::Backward{read,
                                    Arrays::sequence<const float>(x, "x", {T, N, I}),
                                    Arrays::block<float>(h_0, "h_0", {N, H}),
                                    Arrays::block<float>(initial_state, "initial_state", {H}),
                                    Arrays::sequence<const float>(dropout, "dropout", {T, N, H}, Origin::given, true),
                                    Arrays::sequence<const float>(out, "out", {T, N, H}),
                                    Arrays::block<float>(gates, "gates", {T, N, 3, H}),
                                    Arrays::block<float>(norms, "norms", {T, N, 3 * H + 2}),
                                    Arrays::sequence<const float>(dout, "gradient of out", {T, N, H}),
                                    Arrays::block<float>(dh_n, "gradient of h_n", {N, H}),
                                    Arrays::sequence<float>(dx, "gradient of x", {T, N, I}, Origin::made),
                                    Arrays::block<float>(dh_0, "gradient of h_0", {N, H}, Origin::made),
                                    gradients_of(gradients, I, H)};
            },
            "problem"_a, nb::kw_only(), "weights"_a, "x"_a, "h_0"_a = nb::none(), "initial_state"_a = nb::none(),
            "dropout"_a = nb::none(), "out"_a, "gates"_a, "norms"_a = nb::none(), "dout"_a = nb::none(),
            "dh_n"_a = nb::none(), "dx"_a = nb::none(), "dh_0"_a, "gradients"_a);

    m.def(
        "forward", [](const gruvy::Problem &problem, const gruvy::Forward &call) { gruvy::forward(problem, call); },
        nb::call_guard<Released>());
    m.def(
        "backward", [](const gruvy::Problem &problem, const gruvy::Backward &call) { gruvy::backward(problem, call); },
        nb::call_guard<Released>());

    nb::enum_<gruvy::Precision>(m, "Precision")
        .value("float32", gruvy::Precision::float32)
        .value("bf16", gruvy::Precision::bf16)
        .value("int8", gruvy::Precision::int8);

    // weight (rows, columns); bytes and scales are written.
    m.def("quantize", [](nb::handle weight, Index rows, Index columns, nb::handle bytes, nb::handle scales) {
        gruvy::quantize(Arrays::block<float>(weight, "weight", {rows, columns}), rows, columns,
                        Arrays::block<std::int8_t>(bytes, "bytes", {rows, columns}, Origin::made),
                        Arrays::block<float>(scales, "scales", {rows}, Origin::made));
    });

    nb::class_<PackedLayer>(m, "Packed")
        .def(
            "__init__",
            [](PackedLayer *self, nb::handle weights, Index inputs, Index hidden, bool reset_after,
               gruvy::Precision precision) {
                new (self) PackedLayer{{inputs, hidden, reset_after, weights_of(weights, inputs, hidden), precision},
                                       inputs,
                                       hidden,
                                       reset_after};
            },
            "weights"_a, nb::kw_only(), "inputs"_a, "hidden"_a, "reset_after"_a, "precision"_a)
        .def(
            "forward",
            [](const PackedLayer &self, const gruvy::Problem &problem, const gruvy::Forward &call) {
                if (problem.inputs != self.inputs || problem.hidden != self.hidden ||
                    problem.reset_after != self.reset_after)
                    throw std::invalid_argument("the weights were packed for a layer of another size or form");
                gruvy::forward(problem, self.packed, call);
            },
            nb::call_guard<Released>());

    nb::class_<gruvy::Stream>(m, "Stream")
        .def(
            "__init__",
            [](gruvy::Stream *self, nb::list given, Index inputs, Index hidden, Index batch, bool reset_after,
               float zoneout, gruvy::Precision precision) {
                std::vector<gruvy::Stream::Layer> layers;
                for (nb::handle weights : given) {
                    const Index below = layers.empty() ? inputs : hidden;
                    layers.push_back({below, weights_of(weights, below, hidden),
                                      Arrays::block<float>(item(weights, 6), "initial_state", {hidden})});
                }
                new (self) gruvy::Stream(layers.data(), static_cast<Index>(layers.size()), hidden, batch, reset_after,
                                         zoneout, precision);
            },
            "layers"_a, nb::kw_only(), "inputs"_a, "hidden"_a, "batch"_a, "reset_after"_a, "zoneout"_a, "precision"_a)
        // The interpreter is kept: a step is shorter than handing it over, and a stream serves one thread at a time.
        .def(
            "step",
            [](gruvy::Stream &self, Input x, Output out) {
                expect_batch(x, "x", self.batch(), self.inputs());
                expect_batch(out, "out", self.batch(), self.hidden());
                self.step(x.data());
                std::memcpy(out.data(), self.state(), out.size() * sizeof(float));
            },
            nb::arg("x").noconvert(), nb::arg("out").noconvert())
        // The states of all layers (layers, batch, hidden).
        .def("read",
             [](const gruvy::Stream &self, nb::handle states) {
                 self.read(Arrays::block<float>(states, "states", {self.layers(), self.batch(), self.hidden()},
                                                Origin::made));
             })
        .def("write",
             [](gruvy::Stream &self, nb::handle states) {
                 self.write(Arrays::block<float>(states, "states", {self.layers(), self.batch(), self.hidden()}));
             })
        .def("reset", &gruvy::Stream::reset);

    // A NumPy array of so many floats, with anything in it, whose memory is used again once it is gone.
    m.def("workspace", [](Index floats) {
        float *block = gruvy::take_workspace(floats);
        nb::capsule owner(block, [](void *p) noexcept { gruvy::release_workspace(static_cast<float *>(p)); });
        return nb::ndarray<nb::numpy, float, nb::ndim<1>>(block, {static_cast<std::size_t>(floats)}, owner);
    });

    m.def("instruction_set", &gruvy::instruction_set);
}
