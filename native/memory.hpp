// Floats at a multiple of 64 bytes, zero at first, freed with their owner.
#pragma once

#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

#include "gru.hpp"

namespace gruvy {

class Memory {
  public:
    static constexpr std::size_t ALIGN = 16;  // floats

    Memory() = default;
    explicit Memory(Index floats) {
        if (floats <= 0) return;
        const std::size_t bytes = rounded(static_cast<std::size_t>(floats)) * sizeof(float);
        float *memory = static_cast<float *>(std::aligned_alloc(ALIGN * sizeof(float), bytes));
        if (!memory) throw std::bad_alloc();
        std::memset(memory, 0, bytes);
        memory_.reset(memory);
    }
    float *data() { return memory_.get(); }
    const float *data() const { return memory_.get(); }

    static std::size_t rounded(std::size_t floats) { return (floats + ALIGN - 1) / ALIGN * ALIGN; }

  private:
    struct Free {
        void operator()(float *p) const { std::free(p); }
    };
    std::unique_ptr<float, Free> memory_;
};

}  // namespace gruvy
