// peak THREADS: prints the most float32 operations per second that fused multiply-adds reach, in 10^9. Compiled with
// the flags of the instruction set in question.
//
// The sums stay in registers: twelve of them hide the latency of two units (4 cycles each), and nothing is read.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include "simd.hpp"

using namespace gruvy;

namespace {

constexpr int SUMS = 12;
constexpr long TURNS = 2'000'000;  // some milliseconds: the best of many rounds is one that nothing disturbed

void multiply_and_add() {
    const Vec factor = broadcast(1.0000001f);
    Vec sums[SUMS] = {};
    for (long turn = 0; turn < TURNS; ++turn) {
#pragma GCC unroll 12
        for (int i = 0; i < SUMS; ++i) sums[i] = fma(sums[i], factor, factor);
#pragma GCC unroll 12
        for (int i = 0; i < SUMS; ++i) asm volatile("" : "+x"(sums[i]));  // as if each were used
    }
}

double giga_per_second(int threads) {
    using Clock = std::chrono::steady_clock;
    const auto began = Clock::now();
    std::vector<std::thread> others;
    for (int i = 1; i < threads; ++i) others.emplace_back(multiply_and_add);
    multiply_and_add();
    for (std::thread &other : others) other.join();
    const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
    return threads * TURNS * SUMS * LANES * 2.0 / seconds / 1e9;
}

}  // namespace

int main(int count, char **arguments) {
    const int threads = count > 1 ? std::atoi(arguments[1]) : 1;
    double best = 0;
    for (int round = 0; round < 60; ++round) best = std::max(best, giga_per_second(threads));
    std::printf("%.1f\n", best);
}
