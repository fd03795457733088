// One vector type, as wide as the instruction set of the unit that includes this file, and the few functions on it
// that compilers cannot be trusted to produce. Everything has internal linkage: units are compiled with different
// flags, and the linker must never pick one unit's copy for another.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

namespace gruvy {
namespace {

#if defined(__AVX512F__)
constexpr int LANES = 16;
#elif defined(__AVX2__)
constexpr int LANES = 8;
#else
constexpr int LANES = 4;
#endif

typedef float Vec __attribute__((vector_size(LANES * sizeof(float))));
typedef std::int32_t VecI __attribute__((vector_size(LANES * sizeof(std::int32_t))));

inline __attribute__((always_inline)) Vec broadcast(float value) { return value - Vec{}; }

inline __attribute__((always_inline)) Vec load(const float *p) {
    Vec v;
    std::memcpy(&v, p, sizeof v);
    return v;
}

inline __attribute__((always_inline)) void store(float *p, Vec v) { std::memcpy(p, &v, sizeof v); }

// The first `count` lanes, 0 < count <= LANES; the others read as zero and are not written.
inline __attribute__((always_inline)) Vec load(const float *p, int count) {
    if (count == LANES) return load(p);
    Vec v{};
    std::memcpy(&v, p, count * sizeof(float));
    return v;
}

inline __attribute__((always_inline)) void store(float *p, Vec v, int count) {
    if (count == LANES) return store(p, v);
    std::memcpy(p, &v, count * sizeof(float));
}

// Past the cache, where the instruction set can: a whole vector, aligned, that is not read again soon. Others see it
// after fence().
inline __attribute__((always_inline)) void stream(float *p, Vec v) {
#if defined(__AVX512F__)
    _mm512_stream_ps(p, v);
#else
    store(p, v);
#endif
}

inline void fence() {
#if defined(__AVX512F__)
    _mm_sfence();
#endif
}

// Bytes as numbers.
inline __attribute__((always_inline)) Vec load_bytes(const std::uint8_t *p, int count) {
    typedef std::uint8_t Bytes __attribute__((vector_size(LANES)));
    Bytes bytes{};
    std::memcpy(&bytes, p, static_cast<std::size_t>(count));
    return __builtin_convertvector(bytes, Vec);
}

typedef float Four __attribute__((vector_size(16)));

// The sum of all lanes of all parts, which are 1, 2 or 4. Halves are added to halves, so that 16 lanes give the same
// sum however many vectors they are.
template <int PARTS>
inline __attribute__((always_inline)) float sum(const Vec (&parts)[PARTS]) {
    constexpr int FOURS = PARTS * LANES / 4;
    Four fours[FOURS];
    std::memcpy(fours, parts, sizeof fours);
    for (int half = FOURS / 2; half > 0; half /= 2)
        for (int i = 0; i < half; ++i) fours[i] += fours[i + half];
    return (fours[0][0] + fours[0][2]) + (fours[0][1] + fours[0][3]);
}

// a * b + c, rounded once where the instruction set can.
inline __attribute__((always_inline)) Vec fma(Vec a, Vec b, Vec c) {
#if defined(__AVX512F__)
    return _mm512_fmadd_ps(a, b, c);
#elif defined(__AVX2__)
    return _mm256_fmadd_ps(a, b, c);
#elif defined(__ARM_NEON)
    return vfmaq_f32(c, a, b);
#else
    return a * b + c;
#endif
}

// x limited to [-limit, limit]; NaN stays NaN, which is why x is the operand that an unordered comparison returns.
inline __attribute__((always_inline)) Vec clamp(Vec x, float limit) {
    const Vec high = broadcast(limit), low = broadcast(-limit);
#if defined(__AVX512F__)
    return _mm512_max_ps(low, _mm512_min_ps(high, x));
#elif defined(__AVX2__)
    return _mm256_max_ps(low, _mm256_min_ps(high, x));
#else
    x = high < x ? high : x;
    return low > x ? low : x;
#endif
}

// exp(x) - 1 for |x| <= 88, to 2 ulp, also near 0. x = k ln 2 + f with |f| <= ln 2 / 2; the polynomial is the
// least-maximum fit of (exp(f) - 1 - f) / f^2, with a relative error of 1.4e-8 in exp(f) - 1.
inline __attribute__((always_inline)) Vec expm1(Vec x) {
    const Vec magic = broadcast(12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer, left in the low bits
    const Vec shifted = fma(x, broadcast(1.442695041f), magic);
    const Vec k = shifted - magic;
    Vec f = fma(k, broadcast(-0.693359375f), x);  // ln 2 in two parts: k times the first is exact
    f = fma(k, broadcast(2.12194440e-4f), f);
    Vec q = broadcast(1.388251e-3f);
    q = fma(q, f, broadcast(8.36658e-3f));
    q = fma(q, f, broadcast(4.16672e-2f));
    q = fma(q, f, broadcast(1.6666543e-1f));
    q = fma(q, f, broadcast(4.9999997e-1f));
    const Vec p = fma(f * f, q, f);
    VecI bits;
    std::memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 127) << 23;
    Vec scale;
    std::memcpy(&scale, &bits, sizeof scale);
    return fma(scale, p, scale - 1.0f);
}

// 1 / (1 + exp(-x)). At the limit the result is 1.7e-38: still a normal number, so that it costs no more.
inline __attribute__((always_inline)) Vec sigmoid(Vec x) { return 1.0f / (2.0f + expm1(clamp(-x, 87.0f))); }

// (exp(2x) - 1) / (exp(2x) + 1), which is 1 in float32 from 9.02 on.
inline __attribute__((always_inline)) Vec tanh(Vec x) {
    const Vec e = expm1(2.0f * clamp(x, 9.1f));
    return e / (e + 2.0f);
}

}  // namespace
}  // namespace gruvy
