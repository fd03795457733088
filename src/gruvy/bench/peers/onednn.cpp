// oneDNN's GRU behind a few C functions, which onednn.py calls through ctypes. lbr_gru is the reset-after form,
// vanilla_gru the reset-before one.
//
// Weights come as oneDNN's users keep them, (I, 3, H) with the gates u, r, o, and may take the form that a primitive
// likes best (format_tag::any). For inference that is done once. In training the weights change with every step:
// bringing them to the form of the forward and of the backward pass, and their gradients back, is part of the step.
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "oneapi/dnnl/dnnl.hpp"

using dnnl::memory;
using dnnl::rnn_direction;
using Arguments = std::unordered_map<int, memory>;

// What the caller owns. Forward: x (T, N, I), h_0 (N, H), weights (I, 3, H) and (H, 3, H), bias (3 or 4, H), out (T, N,
// H), h_n (N, H). Training too: dout (T, N, H), dh_n (N, H), and gradients with the shapes of what they belong to.
struct Arrays {
    float *x, *h_0, *weight_ih, *weight_hh, *bias, *out, *h_n;
    float *dout, *dh_n, *dx, *dh_0, *dweight_ih, *dweight_hh, *dbias;
};

struct Sizes {
    std::int64_t inputs, hidden, batch, steps;
};

namespace {

constexpr auto F32 = memory::data_type::f32;
constexpr auto ANY = memory::format_tag::any;

struct LbrGru {
    using Forward = dnnl::lbr_gru_forward;
    using Backward = dnnl::lbr_gru_backward;
    static constexpr auto create_backward = dnnl_lbr_gru_backward_primitive_desc_create;
    static constexpr memory::dim biases = 4;
};

struct VanillaGru {
    using Forward = dnnl::gru_forward;
    using Backward = dnnl::gru_backward;
    static constexpr auto create_backward = dnnl_gru_backward_primitive_desc_create;
    static constexpr memory::dim biases = 3;
};

class Work {
  public:
    Work() : engine_(dnnl::engine::kind::cpu, 0), stream_(engine_) {}

    void run() {
        for (const auto &[primitive, arguments] : calls_) primitive.execute(stream_, arguments);
        stream_.wait();
    }

    // vanilla_gru in int8, inference: the only form that oneDNN has in it. x is made bytes in every call, as part of
    // it.
    void build_int8(const Sizes &sizes, const Arrays &arrays, float scale, const float *weight_scales) {
        const auto [I, H, N, T] = sizes;
        constexpr float zero = 128;  // of bytes without a sign
        dnnl::primitive_attr attributes;
        attributes.set_rnn_data_qparams(scale, zero);
        attributes.set_rnn_weights_qparams(1 << 3 | 1 << 4,
                                           {weight_scales, weight_scales + 3 * H});  // per gate and unit
        const auto u8 = memory::data_type::u8, s8 = memory::data_type::s8;
        const memory::desc x({T, N, I}, F32, memory::format_tag::tnc), out({T, N, H}, F32, memory::format_tag::tnc);
        const memory::desc x_bytes({T, N, I}, u8, memory::format_tag::tnc);
        const memory::desc state({1, 1, N, H}, F32, memory::format_tag::ldnc);
        const memory::desc state_bytes({1, 1, N, H}, u8, memory::format_tag::ldnc);
        const memory::desc bias({1, 1, 3, H}, F32, memory::format_tag::ldgo);
        const dnnl::gru_forward::primitive_desc forward(
            engine_, dnnl::prop_kind::forward_inference, rnn_direction::unidirectional_left2right, x_bytes, state_bytes,
            {{1, 1, I, 3, H}, s8, ANY}, {{1, 1, H, 3, H}, s8, ANY}, bias, out, state_bytes, attributes);
        const auto converted = [&](const memory::desc &from, float *data, const memory::desc &to) {
            const memory source(from, engine_, data), target(to, engine_);
            const dnnl::reorder reorder(dnnl::reorder::primitive_desc(source, target, attributes));
            calls_.emplace_back(reorder, Arguments{{DNNL_ARG_FROM, source}, {DNNL_ARG_TO, target}});
            return target;
        };
        const memory ih = converted({{1, 1, I, 3, H}, F32, memory::format_tag::ldigo}, arrays.weight_ih,
                                    forward.weights_layer_desc());
        const memory hh =
            converted({{1, 1, H, 3, H}, F32, memory::format_tag::ldigo}, arrays.weight_hh, forward.weights_iter_desc());
        const memory h_0 = converted(state, arrays.h_0, state_bytes);
        run();
        calls_.clear();
        const memory bytes = converted(x, arrays.x, x_bytes);
        calls_.emplace_back(dnnl::gru_forward(forward),
                            Arguments{{DNNL_ARG_SRC_LAYER, bytes},
                                      {DNNL_ARG_SRC_ITER, h_0},
                                      {DNNL_ARG_WEIGHTS_LAYER, ih},
                                      {DNNL_ARG_WEIGHTS_ITER, hh},
                                      {DNNL_ARG_BIAS, memory(bias, engine_, arrays.bias)},
                                      {DNNL_ARG_DST_LAYER, memory(out, engine_, arrays.out)},
                                      {DNNL_ARG_DST_ITER, memory(state_bytes, engine_)}});
    }

    template <class Gru>
    void build(const Sizes &sizes, const Arrays &arrays, bool training) {
        const auto [I, H, N, T] = sizes;
        const memory::desc x({T, N, I}, F32, memory::format_tag::tnc), out({T, N, H}, F32, memory::format_tag::tnc);
        const memory::desc state({1, 1, N, H}, F32, memory::format_tag::ldnc);
        const memory::desc ih({1, 1, I, 3, H}, F32, memory::format_tag::ldigo);
        const memory::desc hh({1, 1, H, 3, H}, F32, memory::format_tag::ldigo);
        const memory::desc any_ih({1, 1, I, 3, H}, F32, ANY), any_hh({1, 1, H, 3, H}, F32, ANY);
        const memory::desc bias({1, 1, Gru::biases, H}, F32, memory::format_tag::ldgo);
        const auto at = [&](const memory::desc &desc, float *data) { return memory(desc, engine_, data); };

        const auto kind = training ? dnnl::prop_kind::forward_training : dnnl::prop_kind::forward_inference;
        const auto direction = rnn_direction::unidirectional_left2right;
        const typename Gru::Forward::primitive_desc forward(engine_, kind, direction, x, state, any_ih, any_hh, bias,
                                                            out, state);
        const memory user_ih = at(ih, arrays.weight_ih), user_hh = at(hh, arrays.weight_hh);
        Arguments arguments = {
            {DNNL_ARG_SRC_LAYER, at(x, arrays.x)},
            {DNNL_ARG_SRC_ITER, at(state, arrays.h_0)},
            {DNNL_ARG_WEIGHTS_LAYER, brought_to(forward.weights_layer_desc(), user_ih)},
            {DNNL_ARG_WEIGHTS_ITER, brought_to(forward.weights_iter_desc(), user_hh)},
            {DNNL_ARG_BIAS, at(bias, arrays.bias)},
            {DNNL_ARG_DST_LAYER, at(out, arrays.out)},
            {DNNL_ARG_DST_ITER, at(state, arrays.h_n)},
        };
        if (!training) {
            run();           // the weights are constant, so they take their form once ...
            calls_.clear();  // ... and not in every call
        } else {
            arguments[DNNL_ARG_WORKSPACE] = memory(forward.workspace_desc(), engine_);
        }
        calls_.emplace_back(typename Gru::Forward(forward), arguments);
        if (!training) return;

        dnnl_primitive_desc_t created = nullptr;
        dnnl::error::wrap_c_api(
            Gru::create_backward(&created, engine_.get(), dnnl_backward, dnnl_unidirectional_left2right, x.get(),
                                 state.get(), any_ih.get(), any_hh.get(), bias.get(), out.get(), state.get(), x.get(),
                                 state.get(), any_ih.get(), any_hh.get(), bias.get(), out.get(), state.get(),
                                 dnnl_rnn_flags_diff_weights_overwrite, forward.get(), nullptr),
            "the backward pass could not be made");
        const typename Gru::Backward::primitive_desc backward(created);
        const memory dih = direct_or_new(backward.diff_weights_layer_desc(), at(ih, arrays.dweight_ih));
        const memory dhh = direct_or_new(backward.diff_weights_iter_desc(), at(hh, arrays.dweight_hh));
        arguments[DNNL_ARG_WEIGHTS_LAYER] = brought_to(backward.weights_layer_desc(), user_ih);
        arguments[DNNL_ARG_WEIGHTS_ITER] = brought_to(backward.weights_iter_desc(), user_hh);
        arguments.insert({
            {DNNL_ARG_DIFF_SRC_LAYER, at(x, arrays.dx)},
            {DNNL_ARG_DIFF_SRC_ITER, at(state, arrays.dh_0)},
            {DNNL_ARG_DIFF_WEIGHTS_LAYER, dih},
            {DNNL_ARG_DIFF_WEIGHTS_ITER, dhh},
            {DNNL_ARG_DIFF_BIAS, at(bias, arrays.dbias)},
            {DNNL_ARG_DIFF_DST_LAYER, at(out, arrays.dout)},
            {DNNL_ARG_DIFF_DST_ITER, at(state, arrays.dh_n)},
        });
        calls_.emplace_back(typename Gru::Backward(backward), arguments);
        reorder(dih, at(ih, arrays.dweight_ih));
        reorder(dhh, at(hh, arrays.dweight_hh));
    }

  private:
    // `user` in the form of `wanted`, where necessary through a reorder that every run repeats.
    memory brought_to(const memory::desc &wanted, const memory &user) {
        const memory other = direct_or_new(wanted, user);
        reorder(user, other);
        return other;
    }

    memory direct_or_new(const memory::desc &wanted, const memory &user) {
        return wanted == user.get_desc() ? user : memory(wanted, engine_);
    }

    void reorder(const memory &from, const memory &to) {
        if (from.get() == to.get() || from.get_desc() == to.get_desc()) return;
        calls_.emplace_back(dnnl::reorder(from, to), Arguments{{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
    }

    dnnl::engine engine_;
    dnnl::stream stream_;
    std::vector<std::pair<dnnl::primitive, Arguments>> calls_;
};

template <class Build>
void *built(const Build &build) {
    try {
        auto work = std::make_unique<Work>();
        build(*work);
        return work.release();
    } catch (const std::exception &error) {
        std::fprintf(stderr, "oneDNN: %s\n", error.what());
        return nullptr;
    }
}

}  // namespace

extern "C" {

// Returns null, with the reason on stderr, where oneDNN refuses.
void *gruvy_onednn_create(const Sizes *sizes, const Arrays *arrays, bool reset_after, bool training) {
    return built([&](Work &work) {
        reset_after ? work.build<LbrGru>(*sizes, *arrays, training) : work.build<VanillaGru>(*sizes, *arrays, training);
    });
}

// A byte is round(number * scale) + 128 in x and h, and round(weight * weight_scales[gate][unit]) in the weights.
void *gruvy_onednn_create_int8(const Sizes *sizes, const Arrays *arrays, float scale, const float *weight_scales) {
    return built([&](Work &work) { work.build_int8(*sizes, *arrays, scale, weight_scales); });
}

void gruvy_onednn_run(void *work) { static_cast<Work *>(work)->run(); }

void gruvy_onednn_destroy(void *work) { delete static_cast<Work *>(work); }

const char *gruvy_onednn_version() {
    static char text[32];
    const dnnl_version_t *version = dnnl_version();
    std::snprintf(text, sizeof text, "%d.%d.%d", version->major, version->minor, version->patch);
    return text;
}
}
