// The three precisions of the weights: what a panel of them looks like in memory, and how rows are multiplied by it.
// Part of kernel.inl. A panel is made of 4-byte words, whatever is in them, and is passed as a pointer to float.
//
// A product takes `count` features, k, of R rows and P panels with G gates:
//     sums[r][p * G + g] = start(p * G + g) + sum over k of row[r][k] * weights[p][k][g]
// R and P say which sums run side by side; the order within a sum is always that of k.
#pragma once

#include "bytes.hpp"
#include "quantize.hpp"
#include "simd.hpp"

namespace gruvy {
namespace {

// The panel that comes next, and the number of the block of rows: each block asks the cache for another part of it.
struct Next {
    Index panel, part;
};

// Packed panels of `words` each, of which a product reads those from `panel` on.
struct Panels {
    const float *all;
    Index words, panel;
    Next next;

    const float *data() const { return all + panel * words; }

    // From where a product of `count` features asks for one line of the cache at every k. The processor itself sees too
    // late that a panel is to come from the third level: with 3 MB of weights this is worth a seventh of the time.
    const float *ahead(Index count) const {
        const Index part = next.part * count * LINE;
        return all + next.panel * words + (part + count * LINE <= words ? part : 0);
    }
    static constexpr Index LINE = 16;  // words
};

// Float32 and bf16: [k][gate][lane]. Rows and sums are float32's.
template <class Weight>
struct Floats {
    static Index panel_words(Index count, int gates) {
        return count * gates * LANES * static_cast<Index>(sizeof(Weight)) / 4;
    }

    // Writes one gate and lane of a panel; `row` is null for a lane past the last unit.
    static void pack(const float *row, Index count, int gate, int gates, int lane, float *panel) {
        Weight *to = reinterpret_cast<Weight *>(panel) + gate * LANES + lane;
        for (Index k = 0; k < count; ++k) to[k * gates * LANES] = row ? Weight(row[k]) : Weight(0.0f);
    }

    // What product() reads in place of `rows`; where that is something else it lies in `room`, row_words for each row.
    static Index row_words(Index) { return 0; }
    static const float *const *factors(const float *const *rows, Index, Index, const float **, float *) { return rows; }

    template <int R, int P, int G, class Start>
    static GRUVY_INLINE void product(Vec (&sums)[R][P * G], const Start &start, const float *const *rows,
                                     const Panels &panels, Index count) {
        const Weight *weights = reinterpret_cast<const Weight *>(panels.data());
        const float *in[R];
        // Local sums: where the caller indexes its own by a variable, they would be stored at every k (GCC for
        // aarch64).
        Vec total[R][P * G];
#pragma GCC unroll 16
        for (int r = 0; r < R; ++r) {
            in[r] = rows[r];
#pragma GCC unroll 16
            for (int c = 0; c < P * G; ++c) {
                total[r][c] = start(c);
#if defined(__aarch64__)
                asm("" : "+w"(total[r][c]));  // or rows that start alike are taken for one value, and spilt
#endif
            }
        }
        const Index panel_size = count * G * LANES;
        if constexpr (R == 1) {  // each weight is used once, and needs a register only for that long
            for (Index k = 0; k < count; ++k) {
                const Vec value = broadcast(in[0][k]);
#pragma GCC unroll 16
                for (int p = 0; p < P; ++p)
#pragma GCC unroll 16
                    for (int g = 0; g < G; ++g) {
                        const Vec w = load_once(weights + p * panel_size + (k * G + g) * LANES);
                        total[0][p * G + g] = fma(value, w, total[0][p * G + g]);
                    }
            }
        } else {
            const float *ahead = panels.ahead(count);
#pragma GCC unroll 2
            for (Index k = 0; k < count; ++k) {
                __builtin_prefetch(ahead + k * Panels::LINE, 0, 2);
                Vec w[P * G];
#pragma GCC unroll 16
                for (int p = 0; p < P; ++p)
#pragma GCC unroll 16
                    for (int g = 0; g < G; ++g) w[p * G + g] = load(weights + p * panel_size + (k * G + g) * LANES);
#pragma GCC unroll 16
                for (int r = 0; r < R; ++r) {
                    const Vec value = broadcast(in[r][k]);
#pragma GCC unroll 16
                    for (int c = 0; c < P * G; ++c) total[r][c] = fma(value, w[c], total[r][c]);
                }
            }
        }
#pragma GCC unroll 16
        for (int r = 0; r < R; ++r)
#pragma GCC unroll 16
            for (int c = 0; c < P * G; ++c) sums[r][c] = total[r][c];
    }
};

using Float32 = Floats<float>;
using Bf16 = Floats<Half>;

// [k / 4][gate][lane][4] bytes, zero past the last k, then [gate][lane] scales and, where bytes.hpp adds an OFFSET to
// x, [gate][lane] whole numbers that sums start from: -OFFSET times the weights' sum.
struct Int8 {
    static Index fours(Index count) { return (count + 3) / 4; }
    static Index panel_words(Index count, int gates) { return (fours(count) + (OFFSET ? 2 : 1)) * gates * LANES; }

    static void pack(const float *row, Index count, int gate, int gates, int lane, float *panel) {
        const Index vectors = fours(count) * gates;
        const float scale = row ? weight_scale(row, count) : 0.0f;
        std::int32_t start = 0;
        for (Index k = 0; k < fours(count) * 4; ++k) {
            const std::int8_t byte = row && k < count ? quantized_weight(row[k], scale) : std::int8_t{0};
            start -= OFFSET * byte;
            std::memcpy(reinterpret_cast<char *>(panel + (k / 4 * gates + gate) * LANES + lane) + k % 4, &byte, 1);
        }
        panel[(vectors + gate) * LANES + lane] = scale;
        if (OFFSET) std::memcpy(panel + (vectors + gates + gate) * LANES + lane, &start, sizeof start);
    }

    // A row as product() reads it: its scale, the whole number that its sums start from, and its bytes.
    static constexpr Index HEAD = 2;
    static Index plane_bytes(Index count) { return (count + LANES - 1) / LANES * LANES; }
    static Index row_words(Index count) { return HEAD + plane_bytes(count) * (SPLIT ? 2 : 1) / 4; }
    static const float *const *factors(const float *const *rows, Index row_count, Index count, const float **pointers,
                                       float *room) {
        for (Index j = 0; j < row_count; ++j, room += row_words(count)) {
            quantize(rows[j], count, room);
            pointers[j] = room;
        }
        return pointers;
    }

    // Bytes are x / scale to the nearest whole number, ties to even, with scale = max|x| / 127. A row with NaN or
    // infinity in it has the scale NaN, and so have all products with it; one below 1e-30 has the scale 0.
    static GRUVY_INLINE void quantize(const float *row, Index count, float *to) {
        VecI most{};  // as bits: those of NaN and infinity are the largest
        for_vectors(row, count, [&](Index, Vec x) { most = larger(most, words(x) & 0x7fffffff); });
        const std::int32_t bits = largest_of(most);
        float largest;
        std::memcpy(&largest, &bits, sizeof largest);
        const float inverse = 127.0f / largest;
        char *bytes = reinterpret_cast<char *>(to + HEAD), *signs = bytes + plane_bytes(count);
        VecI start{};
        for_vectors(row, count, [&](Index k, Vec x) {
            const Vec magic = broadcast(12582912.0f);  // 1.5 * 2^23: adding it rounds, to bits that end in the number
            const VecI whole = words(x * inverse + magic) - words(magic);
            if (SPLIT) {
                const VecI sign = whole >> 31, size = (whole ^ sign) - sign;
                start += size & sign;
                store_bytes(bytes + k, size);
                store_bytes(signs + k, sign);
            } else {
                store_bytes(bytes + k, whole + OFFSET);
            }
        });
        const std::int32_t sum = SPLIT ? sum_of(start) : 0;
        to[0] = largest < 1e-30f ? 0.0f : largest / 127.0f + (largest - largest);
        std::memcpy(to + 1, &sum, sizeof sum);
    }

    template <class Use>
    static GRUVY_INLINE void for_vectors(const float *row, Index count, const Use &use) {
        Index k = 0;
        for (; k + LANES <= count; k += LANES) use(k, load(row + k));
        if (k < count) use(k, load(row + k, static_cast<int>(count - k)));
    }

    template <int R, int P, int G, class Start>
    static GRUVY_INLINE void product(Vec (&sums)[R][P * G], const Start &start, const float *const *rows,
                                     const Panels &panels, Index count) {
        const float *weights = panels.data();
        const Index panel_size = panel_words(count, G), planes = plane_bytes(count);
        const float *tail = weights + fours(count) * G * LANES;
        const char *in[R];
        VecI whole[R][P * G];
#pragma GCC unroll 16
        for (int r = 0; r < R; ++r) {
            in[r] = reinterpret_cast<const char *>(rows[r] + HEAD);
            const VecI row_start = repeated(in[r] - 4);
#pragma GCC unroll 16
            for (int c = 0; c < P * G; ++c) {
                whole[r][c] = row_start;
                if (OFFSET) whole[r][c] += words(load(tail + c / G * panel_size + (G + c % G) * LANES));
            }
        }
        for (Index k = 0; k < fours(count); ++k) {
            VecI w[P * G];
#pragma GCC unroll 16
            for (int p = 0; p < P; ++p)
#pragma GCC unroll 16
                for (int g = 0; g < G; ++g) w[p * G + g] = words(load(weights + p * panel_size + (k * G + g) * LANES));
#pragma GCC unroll 16
            for (int r = 0; r < R; ++r) {
                const Four x(in[r] + 4 * k, planes);
#pragma GCC unroll 16
                for (int c = 0; c < P * G; ++c) whole[r][c] = x.dot(w[c], whole[r][c]);
            }
        }
#pragma GCC unroll 16
        for (int r = 0; r < R; ++r) {
            const Vec scale = broadcast(rows[r][0]);
#pragma GCC unroll 16
            for (int c = 0; c < P * G; ++c) {
                const Vec weight_scale = load(tail + c / G * panel_size + c % G * LANES);
                sums[r][c] = fma(converted(whole[r][c]), scale * weight_scale, start(c));
            }
        }
    }
};

}  // namespace
}  // namespace gruvy
