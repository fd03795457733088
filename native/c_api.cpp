// The C face: checks arguments, turns exceptions into codes and messages, and calls the engine; nothing else.
#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <new>
#include <stdexcept>
#include <vector>

#include "gru.hpp"
#include "gruvy.h"

struct gruvy_stream {
    gruvy::Stream engine;
};

namespace {

constexpr std::int64_t LARGEST_SIZE = std::int64_t{1} << 24;  // so that no product of two sizes can overflow

// A text of fixed size, because running out of memory has a message too.
class Message {
  public:
    bool empty() const { return length_ == 0; }
    const char *text() const { return text_; }

    // Adds a problem to those there are.
    __attribute__((format(printf, 2, 3))) void add(const char *format, ...) {
        if (!empty()) advance(std::snprintf(text_ + length_, sizeof text_ - length_, "; "));
        std::va_list arguments;
        va_start(arguments, format);
        advance(std::vsnprintf(text_ + length_, sizeof text_ - length_, format, arguments));
        va_end(arguments);
    }

  private:
    void advance(int wanted) {
        const std::size_t left = sizeof text_ - 1 - length_, added = wanted < 0 ? 0 : static_cast<std::size_t>(wanted);
        length_ += added < left ? added : left;
    }

    char text_[1024] = "";
    std::size_t length_ = 0;
};

thread_local Message last_error;

gruvy_status fail(gruvy_status status, const Message &message) {
    last_error = message;
    return status;
}

gruvy_status missing(const char *function, const char *argument) {
    Message message;
    message.add("%s: %s is null", function, argument);
    return fail(GRUVY_INVALID_ARGUMENT, message);
}

// All that is wrong with the options; empty where nothing is.
Message problems_of(const gruvy_stream_options &options) {
    Message problems;
    const auto check_size = [&](const char *name, std::int64_t size) {
        const bool fits = 1 <= size && size <= LARGEST_SIZE;
        if (!fits)
            problems.add("%s is %lld; expected 1 to %lld", name, static_cast<long long>(size),
                         static_cast<long long>(LARGEST_SIZE));
        return fits;
    };
    const bool countable = check_size("layer_count", options.layer_count);
    check_size("input_size", options.input_size);
    check_size("hidden_size", options.hidden_size);
    check_size("streams", options.streams);
    if (!(options.zoneout >= 0 && options.zoneout < 1))
        problems.add("zoneout is %g; expected 0 or more and less than 1", static_cast<double>(options.zoneout));
    if (options.dtype < GRUVY_FLOAT32 || options.dtype > GRUVY_INT8)
        problems.add("dtype is %d; expected GRUVY_FLOAT32 (%d), GRUVY_BF16 (%d) or GRUVY_INT8 (%d)", options.dtype,
                     GRUVY_FLOAT32, GRUVY_BF16, GRUVY_INT8);
    else if (options.dtype == GRUVY_INT8 && std::max(options.input_size, options.hidden_size) > gruvy::MOST_FEATURES)
        problems.add("input_size and hidden_size are %lld and %lld; int8 takes at most %lld: use GRUVY_BF16",
                     static_cast<long long>(options.input_size), static_cast<long long>(options.hidden_size),
                     static_cast<long long>(gruvy::MOST_FEATURES));
    if (!options.layers) problems.add("layers is null; expected layer_count of them");
    for (std::int64_t l = 0; options.layers && countable && l < options.layer_count; ++l) {
        const gruvy_layer &layer = options.layers[l];
        const int number = static_cast<int>(l);
        if (!layer.weight_ih) problems.add("layer %d: weight_ih is null; expected (3H, I) floats", number);
        if (!layer.weight_hh) problems.add("layer %d: weight_hh is null; expected (3H, H) floats", number);
        if (!layer.gain_ih != !layer.gain_hh)
            problems.add("layer %d: one of gain_ih and gain_hh is null: give both, for layer norm, or neither", number);
    }
    return problems;
}

gruvy_stream *create(const gruvy_stream_options &options) {
    std::vector<gruvy::Stream::Layer> layers;
    for (std::int64_t l = 0; l < options.layer_count; ++l) {
        const gruvy_layer &given = options.layers[l];
        layers.push_back(
            {l ? options.hidden_size : options.input_size,
             {given.weight_ih, given.weight_hh, given.bias_ih, given.bias_hh, given.gain_ih, given.gain_hh},
             given.initial_state});
    }
    return new gruvy_stream{{layers.data(), options.layer_count, options.hidden_size, options.streams,
                             options.reset_after != 0, options.zoneout, static_cast<gruvy::Precision>(options.dtype)}};
}

// Calls body(), and turns an exception into a code. Another one than these would be a fault of the engine; it ends the
// program here rather than to pass through C.
template <class Body>
gruvy_status guarded(const char *function, Body body) noexcept {
    Message message;
    try {
        body();
        return GRUVY_OK;
    } catch (const std::invalid_argument &error) {
        message.add("%s: %s", function, error.what());
        return fail(GRUVY_INVALID_ARGUMENT, message);
    } catch (const std::bad_alloc &) {
    } catch (const std::length_error &) {  // a std::vector that could never fit
    }
    message.add("%s: out of memory", function);
    return fail(GRUVY_OUT_OF_MEMORY, message);
}

static_assert(GRUVY_FLOAT32 == static_cast<int>(gruvy::Precision::float32));
static_assert(GRUVY_BF16 == static_cast<int>(gruvy::Precision::bf16));
static_assert(GRUVY_INT8 == static_cast<int>(gruvy::Precision::int8));

}  // namespace

gruvy_status gruvy_stream_create(const gruvy_stream_options *options, gruvy_stream **stream) {
    if (!stream) return missing(__func__, "stream");
    *stream = nullptr;
    if (!options) return missing(__func__, "options");
    const Message problems = problems_of(*options);
    if (!problems.empty()) return fail(GRUVY_INVALID_ARGUMENT, problems);
    return guarded(__func__, [&] { *stream = create(*options); });
}

void gruvy_stream_destroy(gruvy_stream *stream) { delete stream; }

gruvy_status gruvy_stream_step(gruvy_stream *stream, const float *x) {
    if (!stream) return missing(__func__, "stream");
    if (!x) return missing(__func__, "x");
    stream->engine.step(x);
    return GRUVY_OK;
}

const float *gruvy_stream_state(const gruvy_stream *stream) { return stream ? stream->engine.state() : nullptr; }

gruvy_status gruvy_stream_read(const gruvy_stream *stream, float *states) {
    if (!stream) return missing(__func__, "stream");
    if (!states) return missing(__func__, "states");
    stream->engine.read(states);
    return GRUVY_OK;
}

gruvy_status gruvy_stream_write(gruvy_stream *stream, const float *states) {
    if (!stream) return missing(__func__, "stream");
    if (!states) return missing(__func__, "states");
    stream->engine.write(states);
    return GRUVY_OK;
}

gruvy_status gruvy_stream_reset(gruvy_stream *stream, int64_t index) {
    if (!stream) return missing(__func__, "stream");
    if (index < 0 || index >= stream->engine.batch()) {
        Message message;
        message.add("%s: there is no stream %lld; expected 0 to %lld", __func__, static_cast<long long>(index),
                    static_cast<long long>(stream->engine.batch() - 1));
        return fail(GRUVY_INVALID_ARGUMENT, message);
    }
    stream->engine.reset(index);
    return GRUVY_OK;
}

const char *gruvy_last_error(void) { return last_error.text(); }

const char *gruvy_instruction_set(void) {
    const char *name = nullptr;
    guarded(__func__, [&] { name = gruvy::instruction_set(); });
    return name;
}

const char *gruvy_version(void) { return GRUVY_VERSION; }
