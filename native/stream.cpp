// Streams: everything that forward() prepares for a call, kept between steps.
#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "gru.hpp"
#include "kernel.hpp"
#include "memory.hpp"
#include "packed.hpp"

namespace gruvy {

struct Stream::Parts {
    struct Layer {
        ForwardJob job;
        std::unique_ptr<Packed> weights;
        Memory products, room, sums, factor_room, initial_state;
        Memory states[2];                      // now and next, taking turns
        std::vector<const float *> x[2];       // for each turn: what this layer reads ...
        std::vector<const float *> before[2];  // ... and where its states come from ...
        std::vector<float *> after[2];         // ... and go to
        std::vector<const float *> input, reset_state, factors;
        std::vector<float *> work, none;
    };

    const ForwardTable &kernels;
    Index hidden, batch;
    int turn = 0;  // states[turn] is now
    std::vector<Layer> layers;
};

Stream::Stream(const Layer *layers, Index layer_count, Index hidden, Index batch, bool reset_after, float zoneout,
               Precision precision) {
    const Table &all = table(hidden);
    const ForwardTable &kernels = all.forward[static_cast<int>(precision)];
    auto parts = std::unique_ptr<Parts>(new Parts{kernels, hidden, batch, 0, {}});
    parts->layers.resize(static_cast<std::size_t>(layer_count));
    const Index lanes = all.lanes, panels = (hidden + lanes - 1) / lanes, product_row = panels * lanes * 3;
    for (Index l = 0; l < layer_count; ++l) {
        Parts::Layer &layer = parts->layers[static_cast<std::size_t>(l)];
        const Layer &given = layers[l];
        layer.weights = std::make_unique<Packed>(given.inputs, hidden, reset_after, given.weights, precision);
        layer.products = Memory(batch * product_row);
        layer.room = Memory(reset_after ? 0 : batch * 3 * hidden);
        if (given.weights.gain_ih) layer.sums = Memory(batch * product_row);
        layer.factor_room = Memory(batch * std::max(kernels.row_words(given.inputs), kernels.row_words(hidden)));
        layer.factors.resize(static_cast<std::size_t>(batch));

        ForwardJob &job = layer.job;
        job = {};
        job.problem = {1, batch, given.inputs, hidden, reset_after, false, nullptr, nullptr, nullptr, zoneout, 1};
        job.row_count = batch;
        job.panel_end = panels;
        job.products = layer.products.data();
        job.factor_room = layer.factor_room.data();
        job.packed_ih = layer.weights->parts().ih.data();
        job.packed_hh = layer.weights->parts().hh.data();
        job.bias = layer.weights->parts().bias.data();
        job.norm = layer.weights->parts().norm.data();
        job.sums = layer.sums.data();

        for (Memory &states : layer.states) states = Memory(batch * hidden);
        layer.initial_state = Memory(hidden);
        if (given.initial_state) std::copy_n(given.initial_state, hidden, layer.initial_state.data());
        for (Index n = 0; n < batch; ++n) {
            layer.input.push_back(job.products + n * product_row);
            layer.work.push_back(reset_after ? nullptr : layer.room.data() + n * 3 * hidden);
            layer.none.push_back(nullptr);
            layer.reset_state.push_back(nullptr);
            for (int turn = 0; turn < 2; ++turn) {
                layer.before[turn].push_back(layer.states[turn].data() + n * hidden);
                layer.after[turn].push_back(layer.states[1 - turn].data() + n * hidden);
                // A layer reads what the one below has just written in the same turn; the first gets its x in step().
                const Parts::Layer *below = l ? &layer - 1 : nullptr;
                layer.x[turn].push_back(below ? below->after[turn][static_cast<std::size_t>(n)] : nullptr);
            }
        }
    }
    parts_ = parts.release();
    for (Index row = 0; row < batch; ++row) reset(row);
}

Stream::~Stream() { delete parts_; }

void Stream::step(const float *x) {
    const int turn = parts_->turn;
    Parts::Layer &first = parts_->layers.front();
    for (std::size_t n = 0; n < first.x[turn].size(); ++n)
        first.x[turn][n] = x + static_cast<Index>(n) * first.job.problem.inputs;
    for (Parts::Layer &layer : parts_->layers)
        parts_->kernels.step(layer.job, layer.x[turn].data(),
                             {layer.before[turn].data(), layer.before[turn].data(), layer.input.data(),
                              layer.after[turn].data(), layer.work.data(), layer.none.data(), layer.none.data(),
                              layer.reset_state.data(), layer.factors.data(), nullptr});
    parts_->turn = 1 - turn;
}

const float *Stream::state() const { return parts_->layers.back().states[parts_->turn].data(); }

void Stream::read(float *states) const {
    const std::size_t floats = static_cast<std::size_t>(parts_->batch * parts_->hidden);
    for (const Parts::Layer &layer : parts_->layers) {
        std::memcpy(states, layer.states[parts_->turn].data(), floats * sizeof(float));
        states += floats;
    }
}

void Stream::write(const float *states) {
    const std::size_t floats = static_cast<std::size_t>(parts_->batch * parts_->hidden);
    for (Parts::Layer &layer : parts_->layers) {
        std::memcpy(layer.states[parts_->turn].data(), states, floats * sizeof(float));
        states += floats;
    }
}

void Stream::reset(Index row) {
    for (Parts::Layer &layer : parts_->layers)
        std::copy_n(layer.initial_state.data(), parts_->hidden,
                    layer.states[parts_->turn].data() + row * parts_->hidden);
}

Index Stream::inputs() const { return parts_->layers.front().job.problem.inputs; }
Index Stream::batch() const { return parts_->batch; }
Index Stream::hidden() const { return parts_->hidden; }
Index Stream::layers() const { return static_cast<Index>(parts_->layers.size()); }

}  // namespace gruvy
