// gruvy.h: the bits of the batch call, errors instead of exceptions, no memory taken by a step, and the example
// program.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <utility>

#include "check.hpp"
#include "gruvy.h"
#include "run.hpp"

// Counts what the C++ library and the engine take: the calls of malloc and of its relatives that go through this
// program.
#if !defined(MALLOC_IS_REPLACED) && defined(__GLIBC__)
#define COUNTS_MEMORY 1
static std::atomic<long> allocations{0};
extern "C" {
void *__libc_malloc(std::size_t size);
void *__libc_memalign(std::size_t alignment, std::size_t size);
void *malloc(std::size_t size) {
    ++allocations;
    return __libc_malloc(size);
}
void *aligned_alloc(std::size_t alignment, std::size_t size) {
    ++allocations;
    return __libc_memalign(alignment, size);
}
}
#endif

namespace {

// A stack of layers, each a Sample whose x is the layer below's out, and a stream of it.
struct Stack {
    std::vector<Sample> samples;
    std::vector<Floats> states;  // of each layer by the batch call, (T, N, H)
    std::vector<gruvy_layer> layers;
    gruvy_stream_options options{};

    Stack(Index layer_count, Case c, gruvy_dtype dtype = GRUVY_FLOAT32) {
        const How how{1, false, dtype == GRUVY_FLOAT32, static_cast<gruvy::Precision>(dtype)};
        for (Index l = 0; l < layer_count; ++l) {
            samples.push_back(draw(c, static_cast<unsigned>(l)));
            if (l) samples.back().x = states.back();
            Sample &s = samples.back();  // whose rows all start from initial_state
            for (Index n = 0; n < c.batch && c.initial_state; ++n)
                s.h_0.insert(s.h_0.end(), s.initial_state.begin(), s.initial_state.end());
            states.push_back(run_forward(s, how).out);
            c.inputs = c.hidden;
        }
        for (const Sample &s : samples) {
            const gruvy::Weights w = weights_of(s);
            layers.push_back({w.ih, w.hh, w.bias_ih, w.bias_hh, w.gain_ih, w.gain_hh,
                              s.initial_state.empty() ? nullptr : s.initial_state.data()});
        }
        const Case &first = samples[0].c;
        options = {layers.data(), layer_count,       first.inputs,     first.hidden,
                   first.batch,   first.reset_after, samples[0].share, dtype};
    }
    const float *x(Index t) const { return samples[0].x.data() + t * samples[0].c.batch * samples[0].c.inputs; }
    // The states of all layers at first.
    Floats first_states() const {
        Floats found;
        for (const Sample &s : samples) {
            const Floats zero(static_cast<std::size_t>(s.c.batch * s.c.hidden));
            found.insert(found.end(), s.h_0.empty() ? zero.begin() : s.h_0.begin(),
                         s.h_0.empty() ? zero.end() : s.h_0.end());
        }
        return found;
    }
    // The states of all layers after step t.
    Floats all_states(Index t) const {
        Floats found;
        const Index count = samples[0].c.batch * samples[0].c.hidden;
        for (const Floats &layer : states)
            found.insert(found.end(), layer.begin() + t * count, layer.begin() + (t + 1) * count);
        return found;
    }
};

Case streaming_case(Index rows, Index inputs, Index hidden, bool reset_after) {
    Case c{9, rows, inputs, hidden};
    c.reset_after = reset_after;
    c.given_h_0 = false;
    return c;
}

gruvy_stream *make(const Stack &stack) {
    gruvy_stream *stream = nullptr;
    CHECK(gruvy_stream_create(&stack.options, &stream) == GRUVY_OK, gruvy_last_error());
    return stream;
}

Floats read(const gruvy_stream *stream, const Stack &stack) {
    Floats states(stack.all_states(0).size());
    CHECK(gruvy_stream_read(stream, states.data()) == GRUVY_OK);
    return states;
}

bool says(gruvy_status status, const std::string &message) {
    return status == GRUVY_INVALID_ARGUMENT && message == gruvy_last_error();
}

}  // namespace

TEST(c_api_gives_the_bits_of_the_batch_call) {
    for (const auto &[layers, rows, inputs, hidden] :
         {std::array<Index, 4>{1, 1, 6, 8}, {3, 2, 6, 8}, {1, 3, 2, 33}, {2, 9, 5, 70}, {3, 1, 1, 5}})
        for (const bool reset_after : {true, false})
            for (const int number : {0, 1, 2, 3, 4, 5}) {
                const bool extras = number % 2;
                const gruvy_dtype dtype = static_cast<gruvy_dtype>(number / 2);
                Case c = streaming_case(rows, inputs, hidden, reset_after);
                c.layer_norm = c.initial_state = extras;
                c.bias = !extras;
                c.zoneout = extras ? Zoneout::share : Zoneout::none;
                const check::Context context(check::text(layers, "layers, dtype", dtype) + c.text());
                const Stack stack(layers, c, dtype);
                gruvy_stream *stream = make(stack);
                CHECK(same_bits(read(stream, stack), stack.first_states()), "the states at first");
                for (Index t = 0; t < c.steps; ++t) {
                    CHECK(gruvy_stream_step(stream, stack.x(t)) == GRUVY_OK);
                    const Floats all = read(stream, stack);
                    CHECK(same_bits(all, stack.all_states(t)), "step", t);
                    const std::size_t count = static_cast<std::size_t>(rows * hidden);
                    CHECK(std::memcmp(gruvy_stream_state(stream), all.data() + all.size() - count,
                                      count * sizeof(float)) == 0);
                }
                gruvy_stream_destroy(stream);
            }
}

TEST(c_api_snapshots_and_resets) {
    Case c = streaming_case(3, 4, 33, false);
    c.initial_state = true;
    const Stack stack(2, c);
    gruvy_stream *stream = make(stack), *other = make(stack);
    for (Index t = 0; t < 4; ++t) gruvy_stream_step(stream, stack.x(t));
    const Floats kept = read(stream, stack);
    gruvy_stream_step(stream, stack.x(4));
    CHECK(gruvy_stream_write(stream, kept.data()) == GRUVY_OK);
    CHECK(gruvy_stream_write(other, kept.data()) == GRUVY_OK);
    for (gruvy_stream *restored : {stream, other}) {
        gruvy_stream_step(restored, stack.x(4));
        CHECK(same_bits(read(restored, stack), stack.all_states(4)));
    }
    CHECK(gruvy_stream_reset(stream, 1) == GRUVY_OK);
    Floats wanted = stack.all_states(4);
    const Floats first = stack.first_states();
    for (const Index l : {0, 1}) std::copy_n(first.begin() + (l * 3 + 1) * 33, 33, wanted.begin() + (l * 3 + 1) * 33);
    CHECK(same_bits(read(stream, stack), wanted), "the others are as they were");
    gruvy_stream_destroy(stream);
    gruvy_stream_destroy(other);
    gruvy_stream_destroy(nullptr);
}

TEST(c_api_keeps_no_pointer_to_weights) {
    Stack stack(2, streaming_case(1, 4, 20, true));
    gruvy_stream *stream = make(stack);
    for (Sample &s : stack.samples)
        for (Floats *weights : {&s.ih, &s.hh, &s.bias_ih, &s.bias_hh}) *weights = Floats();
    gruvy_stream_step(stream, stack.x(0));
    CHECK(same_bits(read(stream, stack), stack.all_states(0)));
    gruvy_stream_destroy(stream);
}

#if defined(COUNTS_MEMORY)
TEST(c_api_takes_no_memory_but_to_create) {
    const Stack stack(3, streaming_case(5, 4, 33, false));
    const long before = allocations;
    gruvy_stream *stream = make(stack);
    CHECK(allocations > before, "the count works");
    Floats states = stack.all_states(0);
    const long created = allocations;
    for (Index t = 0; t < 9; ++t) gruvy_stream_step(stream, stack.x(t));
    gruvy_stream_read(stream, states.data());
    gruvy_stream_write(stream, states.data());
    gruvy_stream_reset(stream, 2);
    gruvy_stream_reset(stream, 5);
    CHECK(allocations == created, allocations - created);
    gruvy_stream_destroy(stream);
}
#endif

TEST(c_api_says_what_does_not_fit) {
    Stack stack(2, streaming_case(2, 4, 8, true));
    gruvy_stream *stream = make(stack);
    const Floats before = read(stream, stack);
    CHECK(says(gruvy_stream_step(stream, nullptr), "gruvy_stream_step: x is null"));
    CHECK(says(gruvy_stream_step(nullptr, stack.x(0)), "gruvy_stream_step: stream is null"));
    CHECK(says(gruvy_stream_read(stream, nullptr), "gruvy_stream_read: states is null"));
    CHECK(says(gruvy_stream_write(stream, nullptr), "gruvy_stream_write: states is null"));
    CHECK(says(gruvy_stream_reset(stream, 2), "gruvy_stream_reset: there is no stream 2; expected 0 to 1"));
    CHECK(says(gruvy_stream_reset(stream, -1), "gruvy_stream_reset: there is no stream -1; expected 0 to 1"));
    CHECK(gruvy_stream_state(nullptr) == nullptr);
    CHECK(same_bits(read(stream, stack), before), "nothing has changed");
    gruvy_stream_destroy(stream);

    CHECK(says(gruvy_stream_create(&stack.options, nullptr), "gruvy_stream_create: stream is null"));
    CHECK(says(gruvy_stream_create(nullptr, &stream), "gruvy_stream_create: options is null") && !stream);
    gruvy_stream_options bad = stack.options;
    bad.streams = 0;
    bad.zoneout = 1;
    bad.dtype = 7;
    stack.layers[1].weight_hh = nullptr;
    stack.layers[1].gain_ih = stack.layers[1].bias_ih;
    CHECK(says(gruvy_stream_create(&bad, &stream),
               "streams is 0; expected 1 to 16777216; zoneout is 1; expected 0 or more and less than 1; dtype is 7; "
               "expected GRUVY_FLOAT32 (0), GRUVY_BF16 (1) or GRUVY_INT8 (2); layer 1: weight_hh is null; expected "
               "(3H, H) floats; layer 1: one of gain_ih "
               "and gain_hh is null: give both, for layer norm, or neither"),
          gruvy_last_error());
    CHECK(!stream);
    bad = {};
    bad.layer_count = INT64_MAX;
    CHECK(gruvy_stream_create(&bad, &stream) == GRUVY_INVALID_ARGUMENT);
    CHECK(std::strstr(gruvy_last_error(), "layers is null"), gruvy_last_error());
    // More problems than the message holds: it is cut, not overrun.
    std::vector<gruvy_layer> empty(1000);
    bad = stack.options;
    bad.layers = empty.data();
    bad.layer_count = 1000;
    CHECK(gruvy_stream_create(&bad, &stream) == GRUVY_INVALID_ARGUMENT);
    CHECK(std::strlen(gruvy_last_error()) == 1023, std::strlen(gruvy_last_error()));
}

TEST(c_api_refuses_each_size_and_each_null_by_its_name) {
    Stack stack(2, streaming_case(2, 4, 8, true));
    gruvy_stream *stream = nullptr;
    const auto refuses = [&](const gruvy_stream_options &options, const char *name) {
        stream = reinterpret_cast<gruvy_stream *>(&stack);  // is set to null
        CHECK(gruvy_stream_create(&options, &stream) == GRUVY_INVALID_ARGUMENT, name);
        CHECK(!stream && std::strstr(gruvy_last_error(), name), gruvy_last_error());
    };
    const std::pair<std::int64_t gruvy_stream_options::*, const char *> sizes[] = {
        {&gruvy_stream_options::layer_count, "layer_count is "},
        {&gruvy_stream_options::input_size, "input_size is "},
        {&gruvy_stream_options::hidden_size, "hidden_size is "},
        {&gruvy_stream_options::streams, "streams is "}};
    for (const auto &[size, name] : sizes)
        for (const std::int64_t wrong :
             {std::int64_t{0}, std::int64_t{-1}, INT64_MIN, INT64_MAX, (std::int64_t{1} << 24) + 1}) {
            gruvy_stream_options bad = stack.options;
            bad.*size = wrong;
            refuses(bad, name);
        }
    for (const float wrong :
         {-0.1f, 1.0f, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
        gruvy_stream_options bad = stack.options;
        bad.zoneout = wrong;
        refuses(bad, "zoneout is ");
    }
    for (std::int64_t gruvy_stream_options::*size :
         {&gruvy_stream_options::input_size, &gruvy_stream_options::hidden_size}) {
        gruvy_stream_options bad = stack.options;
        bad.dtype = GRUVY_INT8;
        bad.*size = gruvy::MOST_FEATURES + 1;
        refuses(bad, "int8 takes at most 131072");
    }
    gruvy_stream_options bad = stack.options;
    bad.layers = nullptr;
    refuses(bad, "layers is null");
    for (gruvy_layer &layer : stack.layers) {
        const gruvy_layer whole = layer;
        layer.weight_ih = nullptr;
        refuses(stack.options, "weight_ih is null");
        layer = whole;
        layer.weight_hh = nullptr;
        refuses(stack.options, "weight_hh is null");
        layer = whole;
        layer.gain_hh = whole.bias_hh;
        refuses(stack.options, "one of gain_ih and gain_hh is null");
        layer = whole;
        layer.bias_ih = layer.bias_hh = nullptr;  // which stand for zero
        CHECK(gruvy_stream_create(&stack.options, &stream) == GRUVY_OK, gruvy_last_error());
        gruvy_stream_destroy(stream);
        layer = whole;
    }
}

#if !defined(MALLOC_IS_REPLACED)  // which end the program where malloc is asked for too much
TEST(c_api_says_that_memory_is_out) {
    Stack stack(1, streaming_case(1, 4, 8, true));
    stack.options.hidden_size = stack.options.input_size = stack.options.streams = 1 << 24;  // 2^52 bytes and more
    gruvy_stream *stream = nullptr;
    CHECK(gruvy_stream_create(&stack.options, &stream) == GRUVY_OUT_OF_MEMORY);
    CHECK(!stream && std::strcmp(gruvy_last_error(), "gruvy_stream_create: out of memory") == 0, gruvy_last_error());
}
#endif

TEST(c_api_names_its_version_and_instruction_set) {
    CHECK(std::strcmp(gruvy_version(), GRUVY_VERSION) == 0, gruvy_version());
    CHECK(std::strcmp(gruvy_instruction_set(), gruvy::instruction_set()) == 0);
}

TEST(the_example_program_gives_the_bits_of_the_batch_call) {
    const Stack stack(1, streaming_case(1, 3, 20, true));
    const std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("gruvy-" + std::to_string(std::rand()));
    std::filesystem::create_directory(folder);
    const auto write = [&](const char *name, std::initializer_list<const Floats *> parts) {
        std::ofstream file(folder / name, std::ios::binary);
        for (const Floats *part : parts)
            file.write(reinterpret_cast<const char *>(part->data()),
                       static_cast<std::streamsize>(part->size() * sizeof(float)));
    };
    const Sample &s = stack.samples[0];
    write("weights", {&s.ih, &s.hh, &s.bias_ih, &s.bias_hh});
    write("x", {&s.x});
    const std::string at = folder.string() + "/";
    const std::string command = EXAMPLE " 3 20 " + at + "weights < " + at + "x > " + at + "states";
    CHECK(std::system(command.c_str()) == 0, command);
    Floats states(s.x.size() / 3 * 20 + 1);
    std::ifstream file(folder / "states", std::ios::binary);
    file.read(reinterpret_cast<char *>(states.data()), static_cast<std::streamsize>(states.size() * sizeof(float)));
    states.resize(static_cast<std::size_t>(file.gcount()) / sizeof(float));
    CHECK(same_bits(states, stack.states[0]));
    std::filesystem::remove_all(folder);
}
