// The binding: takes addresses and sizes that engine.py has checked, and releases the interpreter while it computes.
#include <nanobind/nanobind.h>

#include "gru.hpp"

namespace nb = nanobind;

namespace {

template <class T>
T *at(std::uintptr_t address) {
    return reinterpret_cast<T *>(address);
}

}  // namespace

NB_MODULE(_engine, m) {
    m.doc() = "gruvy's native engine; use it through gruvy.engine, which checks what these functions trust.";

    nb::class_<gruvy::Problem>(m, "Problem")
        .def("__init__", [](gruvy::Problem *self, gruvy::Index steps, gruvy::Index rows, gruvy::Index inputs,
                            gruvy::Index hidden, bool reset_after, bool reverse, std::uintptr_t lengths, int threads) {
            new (self) gruvy::Problem{
                steps, rows, inputs, hidden, reset_after, reverse, at<const gruvy::Index>(lengths), threads};
        });

    m.def(
        "forward",
        [](const gruvy::Problem &problem, std::uintptr_t ih, std::uintptr_t hh, std::uintptr_t bias_ih,
           std::uintptr_t bias_hh, std::uintptr_t x, gruvy::Index x_time, gruvy::Index x_row, std::uintptr_t h_0,
           std::uintptr_t out, gruvy::Index out_time, gruvy::Index out_row, std::uintptr_t h_n, std::uintptr_t saved) {
            gruvy::forward(problem, {at<float>(ih), at<float>(hh), at<float>(bias_ih), at<float>(bias_hh)},
                           {at<float>(x), x_time, x_row}, at<float>(h_0), {at<float>(out), out_time, out_row},
                           at<float>(h_n), at<float>(saved));
        },
        nb::call_guard<nb::gil_scoped_release>());

    m.def(
        "backward",
        [](const gruvy::Problem &problem, std::uintptr_t hh, std::uintptr_t out, gruvy::Index out_time,
           gruvy::Index out_row, std::uintptr_t h_0, std::uintptr_t saved, std::uintptr_t dout, gruvy::Index dout_time,
           gruvy::Index dout_row, std::uintptr_t dh_n, std::uintptr_t dgates, std::uintptr_t dh_0) {
            gruvy::backward(problem, at<float>(hh), {at<float>(out), out_time, out_row}, at<float>(h_0),
                            at<float>(saved), {at<float>(dout), dout_time, dout_row}, at<float>(dh_n),
                            at<float>(dgates), at<float>(dh_0));
        },
        nb::call_guard<nb::gil_scoped_release>());

    m.def("instruction_set", &gruvy::instruction_set);
}
