// Products of bytes, as each instruction set does them best. The sums are the same whole numbers everywhere.
//
// x is a row of activations, rounded to whole numbers in [-127, 127]; w holds four weights in [-127, 127] for each
// lane. How x . w is computed follows from what the instruction multiplies:
//   VNNI       unsigned by signed: (x + 128) . w; the weights' START subtracts 128 times the sum of w.
//   AVX2       unsigned by signed, in pairs that add up to 16 bits: |x| . w where x >= 0 and |x| . ~w where x < 0,
//   because
//              -w = ~w + 1; the row's start adds |x| wherever x < 0. No pair saturates: 2 * 127 * 128 < 2^15. AVX-512
//              without VNNI does the same.
//   others     signed by signed
#pragma once

#include "gru.hpp"
#include "simd.hpp"

namespace gruvy {
namespace {

#if defined(__AVX512VNNI__)
constexpr int OFFSET = 128;  // is added to x
constexpr bool SPLIT = false;
#elif defined(__AVX2__)
constexpr int OFFSET = 0;
constexpr bool SPLIT = true;  // whether a row is two planes of bytes: |x|, and -1 where x < 0, else 0
#else
constexpr int OFFSET = 0;
constexpr bool SPLIT = false;
#endif

// The lowest byte of each lane.
GRUVY_INLINE void store_bytes(char *to, VecI v) {
#if defined(__AVX512F__)
    _mm_storeu_si128((__m128i *)to, _mm512_cvtepi32_epi8((__m512i)v));
#elif defined(__AVX2__)
    const __m256i low = _mm256_shuffle_epi8((__m256i)v, _mm256_set1_epi32(0x0c080400));
    const __m128i both = _mm_unpacklo_epi32(_mm256_castsi256_si128(low), _mm256_extracti128_si256(low, 1));
    _mm_storel_epi64((__m128i *)to, both);
#else
    typedef std::int8_t Bytes __attribute__((vector_size(LANES)));
    const Bytes bytes = __builtin_convertvector(v & 0xff, Bytes);
    std::memcpy(to, &bytes, sizeof bytes);
#endif
}

GRUVY_INLINE VecI larger(VecI a, VecI b) { return a > b ? a : b; }

GRUVY_INLINE std::int32_t largest_of(VecI v) {
#if defined(__AVX512F__)
    return _mm512_reduce_max_epi32((__m512i)v);
#elif defined(__AVX2__)
    __m128i most = _mm_max_epi32(_mm256_castsi256_si128((__m256i)v), _mm256_extracti128_si256((__m256i)v, 1));
    most = _mm_max_epi32(most, _mm_shuffle_epi32(most, 0x4e));
    most = _mm_max_epi32(most, _mm_shuffle_epi32(most, 0xb1));
    return _mm_cvtsi128_si32(most);
#else
    std::int32_t most = v[0];
    for (int lane = 1; lane < LANES; ++lane) most = v[lane] > most ? v[lane] : most;
    return most;
#endif
}

GRUVY_INLINE std::int32_t sum_of(VecI v) {
#if defined(__AVX512F__)
    return _mm512_reduce_add_epi32((__m512i)v);
#elif defined(__AVX2__)
    __m128i sum = _mm_add_epi32(_mm256_castsi256_si128((__m256i)v), _mm256_extracti128_si256((__m256i)v, 1));
    sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0x4e));
    sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0xb1));
    return _mm_cvtsi128_si32(sum);
#else
    std::int32_t sum = 0;
    for (int lane = 0; lane < LANES; ++lane) sum += v[lane];
    return sum;
#endif
}

// The same four bytes in each lane.
GRUVY_INLINE VecI repeated(const char *four) {
    std::int32_t word;
    std::memcpy(&word, four, sizeof word);
    return word - VecI{};
}

// Four features of a row; `planes` apart where it is split.
struct Four {
    VecI bytes, signs;

    GRUVY_INLINE Four(const char *row, Index planes) : bytes(repeated(row)), signs{} {
        if (SPLIT) signs = repeated(row + planes);
    }

    // sums + x . w
    GRUVY_INLINE VecI dot(VecI w, VecI sums) const {
#if defined(__AVX512VNNI__)
        return (VecI)_mm512_dpbusd_epi32((__m512i)sums, (__m512i)bytes, (__m512i)w);
#elif defined(__AVX512BW__)
        const __m512i pairs = _mm512_maddubs_epi16((__m512i)bytes, (__m512i)(w ^ signs));
        return sums + (VecI)_mm512_madd_epi16(pairs, _mm512_set1_epi16(1));
#elif defined(__AVX2__)
        const __m256i pairs = _mm256_maddubs_epi16((__m256i)bytes, (__m256i)(w ^ signs));
        return sums + (VecI)_mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
#elif defined(__SSE2__)
        const auto even = [](VecI v) { return _mm_srai_epi16(_mm_slli_epi16((__m128i)v, 8), 8); };
        const auto odd = [](VecI v) { return _mm_srai_epi16((__m128i)v, 8); };
        return sums + (VecI)_mm_madd_epi16(even(bytes), even(w)) + (VecI)_mm_madd_epi16(odd(bytes), odd(w));
#elif defined(__ARM_FEATURE_DOTPROD)
        return (VecI)vdotq_s32((int32x4_t)sums, (int8x16_t)bytes, (int8x16_t)w);
#elif defined(__ARM_NEON)
        const int8x16_t x = (int8x16_t)bytes, y = (int8x16_t)w;
        const int32x4_t low = vpaddlq_s16(vmull_s8(vget_low_s8(x), vget_low_s8(y)));
        const int32x4_t high = vpaddlq_s16(vmull_high_s8(x, y));
        return sums + (VecI)vpaddq_s32(low, high);
#else
        for (int shift = 0; shift < 32; shift += 8) sums += ((w << shift) >> 24) * ((bytes << shift) >> 24);
        return sums;
#endif
    }
};

}  // namespace
}  // namespace gruvy
