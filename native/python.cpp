// The binding: takes addresses and sizes that engine.py has checked, and releases the interpreter while it computes.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/array.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <stdexcept>
#include <tuple>
#include <vector>

#include "gru.hpp"
#include "tensors.hpp"
#include "workspace.hpp"

namespace nb = nanobind;

namespace {

template <class T>
T *at(std::uintptr_t address) {
    return reinterpret_cast<T *>(address);
}

using Input = nb::ndarray<const float, nb::c_contig, nb::device::cpu>;
using Output = nb::ndarray<float, nb::c_contig, nb::device::cpu>;

// (rows, features), or (features) where there is one row.
template <class Array>
void expect_rows(const Array &array, const char *name, gruvy::Index rows, gruvy::Index features) {
    const std::size_t n = array.ndim();
    const bool matches = (n == 1 && rows == 1 && array.shape(0) == static_cast<std::size_t>(features)) ||
                         (n == 2 && array.shape(0) == static_cast<std::size_t>(rows) &&
                          array.shape(1) == static_cast<std::size_t>(features));
    if (!matches) throw std::invalid_argument(name);
}

// weight_ih, weight_hh, bias_ih, bias_hh, gain_ih, gain_hh; 0 for null
using WeightAddresses = std::array<std::uintptr_t, 6>;
// of the weights in the same order, and of the state that new segments begin with; 0: not wanted
using GradientAddresses = std::array<std::uintptr_t, 7>;
// data, stride of time, stride of rows
using SequenceAddress = std::tuple<std::uintptr_t, gruvy::Index, gruvy::Index>;
// inputs, the weights, and the state to start from
using LayerAddresses = std::tuple<gruvy::Index, WeightAddresses, std::uintptr_t>;

// Packed weights, with what the problems that they are used for have to agree with.
struct PackedLayer {
    gruvy::Packed packed;
    gruvy::Index inputs, hidden;
    bool reset_after;
};

gruvy::Weights at(const WeightAddresses &w) {
    return {at<float>(w[0]), at<float>(w[1]), at<float>(w[2]), at<float>(w[3]), at<float>(w[4]), at<float>(w[5])};
}

template <class Number>
gruvy::Sequence<Number> sequence(const SequenceAddress &s) {
    return {at<Number>(std::get<0>(s)), std::get<1>(s), std::get<2>(s)};
}

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
    m.doc() = "gruvy's native engine; use it through gruvy.engine, which checks what these functions trust.";
    // gruvy.nn keeps one Tensors as long as the process lives; that is no leak.
    nb::set_leak_warnings(false);

    nb::class_<gruvy::Problem>(m, "Problem")
        .def("__init__", [](gruvy::Problem *self, gruvy::Index steps, gruvy::Index rows, gruvy::Index inputs,
                            gruvy::Index hidden, bool reset_after, bool reverse, std::uintptr_t lengths,
                            std::uintptr_t resets, std::uintptr_t mask, float zoneout, int threads) {
            new (self) gruvy::Problem{steps,
                                      rows,
                                      inputs,
                                      hidden,
                                      reset_after,
                                      reverse,
                                      at<const gruvy::Index>(lengths),
                                      at<const std::uint8_t>(resets),
                                      at<const std::uint8_t>(mask),
                                      zoneout,
                                      threads};
        });

    m.def(
        "forward",
        [](const gruvy::Problem &problem, const WeightAddresses &weights, const SequenceAddress &x, std::uintptr_t h_0,
           std::uintptr_t fresh, const SequenceAddress &dropout, const SequenceAddress &zoneout,
           const SequenceAddress &out, std::uintptr_t h_n, std::uintptr_t saved, std::uintptr_t norms,
           std::uintptr_t candidates) {
            gruvy::forward(problem,
                           {at(weights), sequence<const float>(x), at<float>(h_0), at<float>(fresh),
                            sequence<const float>(dropout), sequence<const std::uint8_t>(zoneout), sequence<float>(out),
                            at<float>(h_n), at<float>(saved), at<float>(norms), at<float>(candidates)});
        },
        nb::call_guard<Released>());

    m.def(
        "backward",
        [](const gruvy::Problem &problem, const WeightAddresses &weights, const SequenceAddress &x, std::uintptr_t h_0,
           std::uintptr_t fresh, const SequenceAddress &dropout, const SequenceAddress &out, std::uintptr_t saved,
           std::uintptr_t norms, const SequenceAddress &dout, std::uintptr_t dh_n, const SequenceAddress &dx,
           std::uintptr_t dh_0, const GradientAddresses &to) {
            gruvy::backward(problem, {at(weights),
                                      sequence<const float>(x),
                                      at<float>(h_0),
                                      at<float>(fresh),
                                      sequence<const float>(dropout),
                                      sequence<const float>(out),
                                      at<float>(saved),
                                      at<float>(norms),
                                      sequence<const float>(dout),
                                      at<float>(dh_n),
                                      sequence<float>(dx),
                                      at<float>(dh_0),
                                      {at<float>(to[0]), at<float>(to[1]), at<float>(to[2]), at<float>(to[3]),
                                       at<float>(to[4]), at<float>(to[5]), at<float>(to[6])}});
        },
        nb::call_guard<Released>());

    nb::enum_<gruvy::Precision>(m, "Precision")
        .value("float32", gruvy::Precision::float32)
        .value("bf16", gruvy::Precision::bf16)
        .value("int8", gruvy::Precision::int8);

    m.def("quantize", [](std::uintptr_t weight, gruvy::Index rows, gruvy::Index columns, std::uintptr_t bytes,
                         std::uintptr_t scales) {
        gruvy::quantize(at<float>(weight), rows, columns, at<std::int8_t>(bytes), at<float>(scales));
    });

    nb::class_<PackedLayer>(m, "Packed")
        .def("__init__",
             [](PackedLayer *self, gruvy::Index inputs, gruvy::Index hidden, bool reset_after,
                const WeightAddresses &weights, gruvy::Precision precision) {
                 new (self)
                     PackedLayer{{inputs, hidden, reset_after, at(weights), precision}, inputs, hidden, reset_after};
             })
        .def(
            "forward",
            [](const PackedLayer &self, const gruvy::Problem &problem, const SequenceAddress &x, std::uintptr_t h_0,
               std::uintptr_t fresh, const SequenceAddress &out, std::uintptr_t h_n) {
                if (problem.inputs != self.inputs || problem.hidden != self.hidden ||
                    problem.reset_after != self.reset_after)
                    throw std::invalid_argument("the weights were packed for a layer of another size or form");
                gruvy::forward(problem, self.packed,
                               {{},
                                sequence<const float>(x),
                                at<float>(h_0),
                                at<float>(fresh),
                                {},
                                {},
                                sequence<float>(out),
                                at<float>(h_n),
                                nullptr,
                                nullptr});
            },
            nb::call_guard<nb::gil_scoped_release>());

    nb::class_<gruvy::Stream>(m, "Stream")
        .def("__init__",
             [](gruvy::Stream *self, const std::vector<LayerAddresses> &given, gruvy::Index hidden, gruvy::Index rows,
                bool reset_after, float zoneout, gruvy::Precision precision) {
                 std::vector<gruvy::Stream::Layer> layers;
                 for (const auto &[inputs, weights, fresh] : given)
                     layers.push_back({inputs, at(weights), at<float>(fresh)});
                 new (self) gruvy::Stream(layers.data(), static_cast<gruvy::Index>(layers.size()), hidden, rows,
                                          reset_after, zoneout, precision);
             })
        // The interpreter is kept: a step is shorter than handing it over, and a stream serves one thread at a time.
        .def(
            "step",
            [](gruvy::Stream &self, Input x, Output out) {
                expect_rows(x, "x", self.rows(), self.inputs());
                expect_rows(out, "out", self.rows(), self.hidden());
                self.step(x.data());
                std::memcpy(out.data(), self.state(), out.size() * sizeof(float));
            },
            nb::arg("x").noconvert(), nb::arg("out").noconvert())
        .def("read", [](const gruvy::Stream &self, std::uintptr_t states) { self.read(at<float>(states)); })
        .def("write", [](gruvy::Stream &self, std::uintptr_t states) { self.write(at<float>(states)); })
        .def("reset", &gruvy::Stream::reset);

    // A NumPy array of so many floats, with anything in it, whose memory is used again once it is gone.
    m.def("workspace", [](gruvy::Index floats) {
        float *block = gruvy::take_workspace(floats);
        nb::capsule owner(block, [](void *p) noexcept { gruvy::release_workspace(static_cast<float *>(p)); });
        return nb::ndarray<nb::numpy, float, nb::ndim<1>>(block, {static_cast<std::size_t>(floats)}, owner);
    });

    nb::class_<gruvy::Tensors>(m, "Tensors")
        .def(nb::init<nb::handle, nb::handle, nb::handle>())
        .def("fits", [](const gruvy::Tensors &self, nb::handle tensor, nb::handle shape,
                        bool strides) { return self.fits(tensor.ptr(), shape.ptr(), strides); })
        .def("weights_fit", [](const gruvy::Tensors &self, nb::handle weights, gruvy::Index inputs,
                               gruvy::Index hidden) { return self.weights_fit(weights.ptr(), inputs, hidden); });

    m.def("instruction_set", &gruvy::instruction_set);
}
