// What Python hands over: NumPy's arrays by the buffer protocol, and PyTorch's tensors, without PyTorch's headers, by
// the table of functions that DLPack 1.3 has types provide (PyTorch 2.10 and newer). Nothing is copied or kept. What
// does not fit is refused: nn/memory.py knows what a copy can cure, and engine.py has the messages.
#pragma once

#include <nanobind/nanobind.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "gru.hpp"

namespace gruvy {

// What is read of DLPack's table, laid out as in dlpack.h.
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
}  // namespace dlpack

// What tells the types of numbers apart in DLPack (code, bits) and in the buffer protocol.
template <class Number>
struct NumberType;
template <>
struct NumberType<float> {
    static constexpr std::uint8_t code = 2, bits = 32;
    static constexpr const char *formats = "f";
};
template <>
struct NumberType<std::uint8_t> {  // a flag
    static constexpr std::uint8_t code = 6, bits = 8;
    static constexpr const char *formats = "?";
};
template <>
struct NumberType<std::int8_t> {
    static constexpr std::uint8_t code = 0, bits = 8;
    static constexpr const char *formats = "b";
};
template <>
struct NumberType<std::int64_t> {
    static constexpr std::uint8_t code = 0, bits = 64;
    static constexpr const char *formats = "lq";
};

// Whether an array was made for this call, by the caller of it, or comes from people, who may have done anything to it.
enum class Origin { given, made };

class Arrays {
  public:
    // Lets tensors be handed over. `table` is Tensor.__dlpack_c_exchange_api__; the types are torch.Tensor and
    // torch.nn.Parameter, of which no subclass is taken. Throws where the table is of a version that is not known.
    static void take_tensors(nanobind::handle table, nanobind::handle tensor, nanobind::handle parameter) {
        auto *known = static_cast<dlpack::Table *>(PyCapsule_GetPointer(table.ptr(), "dlpack_exchange_api"));
        if (!known) throw nanobind::python_error();
        while (known && known->major != 1) known = known->older;
        if (!known || !known->look) throw std::invalid_argument("no DLPack table of version 1");
        tensor_ = tensor.ptr(), parameter_ = parameter.ptr(), look_ = known->look;
    }

    // The address of an array of this shape, row by row; axes of size 1 may stand before it. Null for None.
    template <class Number>
    static Number *block(nanobind::handle array, const char *name, std::initializer_list<Index> shape,
                         Origin origin = Origin::given) {
        if (array.is_none()) return nullptr;
        const View view = look<Number>(array.ptr(), name, shape, origin);
        Index expected = 1;
        for (std::size_t i = shape.size(); i-- > 0;) {
            if (view.shape[i] > 1 && view.stride[i] != expected && !view.empty) refuse(name);
            expected *= view.shape[i];
        }
        return static_cast<Number *>(view.data);
    }

    // A sequence (steps, batch, features), whose features lie side by side; one with a single step stands for all steps
    // where `repeats` says so. Null data for None.
    template <class Number>
    static Sequence<Number> sequence(nanobind::handle array, const char *name, std::initializer_list<Index> shape,
                                     Origin origin = Origin::given, bool repeats = false) {
        if (array.is_none()) return {nullptr, 0, 0};
        const View view = look<std::remove_const_t<Number>>(array.ptr(), name, shape, origin, repeats);
        if (view.shape[2] > 1 && view.stride[2] != 1 && !view.empty) refuse(name);
        const bool one = repeats && view.shape[0] == 1;
        return {static_cast<Number *>(view.data), one ? 0 : view.stride[0], view.stride[1]};
    }

  private:
    static constexpr int MOST = 5;
    struct View {
        void *data;
        bool empty;
        std::array<Index, MOST> shape, stride;  // strides in numbers, not bytes
    };

    [[noreturn]] static void refuse(const char *name) {
        throw std::invalid_argument(std::string(name) + " does not fit");
    }

    template <class Number>
    static View look(PyObject *array, const char *name, std::initializer_list<Index> shape, Origin origin,
                     bool repeats = false) {
        PyObject *const type = reinterpret_cast<PyObject *>(Py_TYPE(array));
        const View view = look_ && (type == tensor_ || type == parameter_)
                              ? of_tensor<Number>(array, name, shape, origin)
                              : of_buffer<Number>(array, name, shape);
        std::size_t i = 0;
        for (const Index size : shape) {
            if (view.shape[i] != size && !(repeats && i == 0 && view.shape[i] == 1)) refuse(name);
            ++i;
        }
        return view;
    }

    template <class Number>
    static View of_buffer(PyObject *array, const char *name, std::initializer_list<Index> shape) {
        Py_buffer buffer;
        if (PyObject_GetBuffer(array, &buffer, PyBUF_STRIDES | PyBUF_FORMAT)) {
            PyErr_Clear();
            refuse(name);
        }
        View view{buffer.buf, buffer.len == 0, {}, {}};
        const int wanted = static_cast<int>(shape.size()), skipped = buffer.ndim - wanted;
        bool fits = skipped >= 0 && buffer.format && std::strchr(NumberType<Number>::formats, buffer.format[0]) &&
                    !buffer.format[1] && buffer.itemsize == sizeof(Number) &&
                    (view.empty || reinterpret_cast<std::uintptr_t>(buffer.buf) % alignof(Number) == 0);
        for (int i = 0; fits && i < buffer.ndim; ++i) {
            if (i < skipped) {
                fits = buffer.shape[i] == 1;
                continue;
            }
            const auto at = static_cast<std::size_t>(i - skipped);
            view.shape[at] = buffer.shape[i];
            view.stride[at] = buffer.strides[i] / static_cast<Index>(sizeof(Number));
            fits = view.empty || view.shape[at] == 1 || buffer.strides[i] % static_cast<Index>(sizeof(Number)) == 0;
        }
        PyBuffer_Release(&buffer);
        if (!fits) refuse(name);
        return view;
    }

    template <class Number>
    static View of_tensor(PyObject *tensor, const char *name, std::initializer_list<Index> shape, Origin origin) {
        dlpack::Tensor seen{};
        if (look_(tensor, &seen)) {
            PyErr_Clear();
            refuse(name);
        }
        const int wanted = static_cast<int>(shape.size()), skipped = seen.ndim - wanted;
        // An empty tensor may have no memory: it goes by way of NumPy.
        if (seen.device_type != dlpack::CPU || seen.code != NumberType<Number>::code ||
            seen.bits != NumberType<Number>::bits || seen.lanes != 1 || skipped < 0 || seen.byte_offset || !seen.data ||
            !seen.strides)
            refuse(name);
        View view{seen.data, false, {}, {}};
        Index end = 1;
        for (int i = 0; i < seen.ndim; ++i) {
            const Index size = seen.shape[i], stride = seen.strides[i];
            if (size < 1 || stride < 0 || (i < skipped && size != 1)) refuse(name);
            end += (size - 1) * stride;
            if (i < skipped) continue;
            view.shape[static_cast<std::size_t>(i - skipped)] = size;
            view.stride[static_cast<std::size_t>(i - skipped)] = stride;
        }
        if (origin == Origin::given && (is_negative(tensor) || !reaches(tensor, end, sizeof(Number)))) refuse(name);
        return view;
    }

    // Whether the numbers are to be read with the other sign, as those of z.conj().imag are.
    static bool is_negative(PyObject *tensor) {
        static PyObject *const method = method_of("is_neg");
        const auto answer = nanobind::steal(PyObject_CallOneArg(method, tensor));
        if (!answer.is_valid()) PyErr_Clear();
        return answer.ptr() != Py_False;
    }

    // Whether the memory that the tensor views has so many numbers from its beginning on: it can be cut or freed.
    static bool reaches(PyObject *tensor, Index end, std::size_t size) {
        static PyObject *const storage = method_of("untyped_storage"), *const offset = method_of("storage_offset");
        static PyObject *const bytes = PyUnicode_InternFromString("nbytes");
        const auto memory = nanobind::steal(PyObject_CallOneArg(storage, tensor));
        if (!memory.is_valid()) {
            PyErr_Clear();
            return false;
        }
        const Index there = number(PyObject_CallMethodNoArgs(memory.ptr(), bytes));
        const Index begin = number(PyObject_CallOneArg(offset, tensor));
        return there >= 0 && begin >= 0 && (begin + end) * static_cast<Index>(size) <= there;
    }

    static PyObject *method_of(const char *name) {
        PyObject *const method = PyObject_GetAttrString(tensor_, name);
        if (!method) throw nanobind::python_error();
        return method;
    }

    static Index number(PyObject *answer) {
        const auto owned = nanobind::steal(answer);
        const Index value = answer ? PyLong_AsLongLong(answer) : -1;
        if (value == -1) PyErr_Clear();
        return value;
    }

    // PyTorch keeps its types as long as the process lives.
    inline static PyObject *tensor_ = nullptr, *parameter_ = nullptr;
    inline static int (*look_)(void *, dlpack::Tensor *) = nullptr;
};

}  // namespace gruvy
