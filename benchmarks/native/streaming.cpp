// streaming PRECISION SIZE...: prints, for each size, the nanoseconds of one step of one stream with input = hidden =
// size, the engine called as a C++ program calls it.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

#include "gru.hpp"

namespace {

constexpr int ROUNDS = 15;
constexpr int INPUTS = 16;  // different ones in turn, as a signal has them
constexpr double ROUND_SECONDS = 0.02;

using Clock = std::chrono::steady_clock;

std::vector<float> uniform(std::mt19937 &generator, gruvy::Index count, float bound) {
    std::uniform_real_distribution<float> draw(-bound, bound);
    std::vector<float> numbers(static_cast<std::size_t>(count));
    for (float &number : numbers) number = draw(generator);
    return numbers;
}

double nanoseconds_per_step(gruvy::Index size, gruvy::Precision precision) {
    std::mt19937 generator(0);
    const float bound = 1.0f / std::sqrt(static_cast<float>(size));
    const auto ih = uniform(generator, 3 * size * size, bound), hh = uniform(generator, 3 * size * size, bound);
    const auto bias_ih = uniform(generator, 3 * size, bound), bias_hh = uniform(generator, 3 * size, bound);
    const auto x = uniform(generator, INPUTS * size, 1.0f);
    gruvy::Stream::Layer layer = {};
    layer.inputs = size;
    layer.weights.ih = ih.data();
    layer.weights.hh = hh.data();
    layer.weights.bias_ih = bias_ih.data();
    layer.weights.bias_hh = bias_hh.data();
    gruvy::Stream stream(&layer, 1, size, 1, true, 0.0f, precision);

    const auto run = [&](long steps) {
        const auto began = Clock::now();
        for (long step = 0; step < steps; ++step) stream.step(x.data() + step % INPUTS * size);
        return std::chrono::duration<double>(Clock::now() - began).count();
    };
    run(1000);
    const long steps = std::max(1000L, static_cast<long>(1000 * ROUND_SECONDS / run(1000)));
    std::vector<double> rounds;
    for (int round = 0; round < ROUNDS; ++round) rounds.push_back(1e9 * run(steps) / static_cast<double>(steps));
    std::nth_element(rounds.begin(), rounds.begin() + ROUNDS / 2, rounds.end());
    return rounds[ROUNDS / 2];
}

}  // namespace

int main(int count, char **arguments) {
    if (count < 3) return 2;
    const char *name = arguments[1];
    const auto precision = !std::strcmp(name, "int8")   ? gruvy::Precision::int8
                           : !std::strcmp(name, "bf16") ? gruvy::Precision::bf16
                                                        : gruvy::Precision::float32;
    for (int i = 2; i < count; ++i) std::printf("%.1f\n", nanoseconds_per_step(std::atol(arguments[i]), precision));
}
