// How one row of weights becomes bytes and a scale. Internal linkage, as in simd.hpp.
#pragma once

#include <cstring>

#include "gru.hpp"

namespace gruvy {
namespace {

// max|w| / 127, rounded up to 17 significant bits. A byte times such a scale is exact in float32, so that weights made
// from bytes and scales give the same bytes and scales again. Rows below 1e-30 count as zero: their scale is 0.
inline float weight_scale(const float *row, Index count) {
    float largest = 0.0f;
    for (Index k = 0; k < count; ++k) {
        const float size = row[k] < 0.0f ? -row[k] : row[k];
        if (size > largest) largest = size;
    }
    if (largest < 1e-30f) return 0.0f;
    float scale = largest / 127.0f;
    std::uint32_t bits;
    std::memcpy(&bits, &scale, sizeof bits);
    bits = (bits + 127u) & ~127u;
    std::memcpy(&scale, &bits, sizeof scale);
    return scale;
}

// The nearest whole number to weight / scale, which is in [-127, 127]; ties go to the even one.
inline std::int8_t quantized_weight(float weight, float scale) {
    if (scale == 0.0f) return 0;
    const float magic = 12582912.0f;  // 1.5 * 2^23: adding it rounds to a whole number
    return static_cast<std::int8_t>((weight / scale + magic) - magic);
}

}  // namespace
}  // namespace gruvy
