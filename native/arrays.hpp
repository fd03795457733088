// Looks at PyTorch's tensors without PyTorch's headers, by the table of functions that DLPack 1.3 has types hand out
// (PyTorch 2.10 and newer). The fast half of nn/memory.py, which answers wherever this says no.
#pragma once

#include <nanobind/nanobind.h>

#include <array>
#include <cstdint>
#include <stdexcept>

#include "gru.hpp"

namespace gruvy {

// What is read of the table, laid out as in dlpack.h.
namespace dlpack {
struct Tensor {
    void *data;
    std::int32_t device_type, device_id, ndim;
    std::uint8_t code, bits;
    std::uint16_t lanes;
    std::int64_t *shape, *strides;
    std::uint64_t byte_offset;
};
struct Table {
    std::uint32_t major, minor;
    Table *older;
    void *allocate, *to_managed, *from_managed;  // not used
    int (*look)(void *object, Tensor *out);      // borrowed: valid while the object is left alone
};
constexpr std::int32_t CPU = 1;
constexpr std::uint8_t FLOAT = 2;
}  // namespace dlpack

class Tensors {
  public:
    // `table` is Tensor.__dlpack_c_exchange_api__. Throws where it is of a version that is not known.
    Tensors(nanobind::handle table, nanobind::handle tensor, nanobind::handle parameter)
        : tensor_(tensor.ptr()), parameter_(parameter.ptr()) {
        auto *found = static_cast<dlpack::Table *>(PyCapsule_GetPointer(table.ptr(), "dlpack_exchange_api"));
        if (!found) throw nanobind::python_error();
        while (found && found->major != 1) found = found->older;
        if (!found || !found->look) throw std::invalid_argument("no DLPack table of version 1");
        look_ = found->look;
    }

    // Whether it is a plain tensor of float32 in the CPU's memory, all of it there, of the shape (`shape`, a tuple),
    // and contiguous, or, with `strides`, contiguous in its last dimension.
    bool fits(PyObject *object, PyObject *shape, bool strides) const {
        std::array<Index, 8> sizes;
        const Py_ssize_t count = PyTuple_Check(shape) ? PyTuple_GET_SIZE(shape) : 9;
        if (count > 8) return false;
        for (Py_ssize_t i = 0; i < count; ++i) {
            sizes[i] = PyLong_AsLongLong(PyTuple_GET_ITEM(shape, i));
            if (sizes[i] == -1 && PyErr_Occurred()) {
                PyErr_Clear();
                return false;
            }
        }
        return fits(object, sizes.data(), static_cast<int>(count), strides);
    }

    // The same of one direction's weights: a tuple in the order of DirectionWeights, with None for what there is not.
    bool weights_fit(PyObject *weights, Index inputs, Index hidden) const {
        if (!PyTuple_Check(weights) || PyTuple_GET_SIZE(weights) != 7) return false;
        for (int i = 0; i < 7; ++i) {
            PyObject *one = PyTuple_GET_ITEM(weights, i);
            if (one == Py_None && i > 1) continue;
            const Index shape[] = {i < 6 ? 3 * hidden : hidden, i == 0 ? inputs : hidden};
            if (!fits(one, shape, i < 2 ? 2 : 1, false)) return false;
        }
        return (PyTuple_GET_ITEM(weights, 4) == Py_None) == (PyTuple_GET_ITEM(weights, 5) == Py_None);
    }

  private:
    bool fits(PyObject *object, const Index *shape, int ndim, bool strides) const {
        if (reinterpret_cast<PyObject *>(Py_TYPE(object)) != tensor_ &&
            reinterpret_cast<PyObject *>(Py_TYPE(object)) != parameter_)
            return false;
        dlpack::Tensor found{};
        if (look_(object, &found)) {
            PyErr_Clear();
            return false;
        }
        if (found.device_type != dlpack::CPU || found.code != dlpack::FLOAT || found.bits != 32 || found.lanes != 1 ||
            found.ndim != ndim || found.byte_offset || !found.data || !found.strides)
            return false;  // an empty tensor may have no memory: the slow half knows
        Index end = 1, expected = 1;
        for (int i = ndim - 1; i >= 0; --i) {
            const Index stride = found.strides[i];
            if (found.shape[i] != shape[i] || shape[i] < 1 || stride < 0) return false;
            if (i == ndim - 1 || !strides) {
                if (shape[i] > 1 && stride != expected) return false;
                expected *= shape[i];
            }
            end += (shape[i] - 1) * stride;
        }
        if (strides && found.strides[ndim - 1] != 1) return false;
        return !is_negative(object) && reaches(object, end);
    }

    // Whether the numbers are to be read with the other sign, as those of z.conj().imag are.
    static bool is_negative(PyObject *object) {
        static PyObject *const name = PyUnicode_InternFromString("is_neg");
        const auto answer = nanobind::steal(PyObject_CallMethodNoArgs(object, name));
        if (!answer.is_valid()) PyErr_Clear();
        return answer.ptr() != Py_False;
    }

    // Whether the memory that the tensor views has so many floats from its beginning on: it can be cut or freed.
    static bool reaches(PyObject *object, Index end) {
        static PyObject *const storage = PyUnicode_InternFromString("untyped_storage");
        static PyObject *const bytes = PyUnicode_InternFromString("nbytes");
        static PyObject *const offset = PyUnicode_InternFromString("storage_offset");
        const auto memory = nanobind::steal(PyObject_CallMethodNoArgs(object, storage));
        const Index there = memory.is_valid() ? number(memory.ptr(), bytes) : -1;
        const Index begin = there < 0 ? -1 : number(object, offset);
        return begin >= 0 && (begin + end) * static_cast<Index>(sizeof(float)) <= there;
    }

    static Index number(PyObject *object, PyObject *method) {
        const auto answer = nanobind::steal(PyObject_CallMethodNoArgs(object, method));
        const Index found = answer.is_valid() ? PyLong_AsLongLong(answer.ptr()) : -1;
        if (found == -1) PyErr_Clear();
        return found;
    }

    PyObject *tensor_, *parameter_;  // types, which PyTorch keeps
    int (*look_)(void *, dlpack::Tensor *);
};

}  // namespace gruvy
