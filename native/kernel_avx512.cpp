#if !defined(__AVX512F__) || !defined(__FMA__)
#error "kernel_avx512.cpp must be compiled with -mavx512f -mfma"
#endif
#include "kernel.inl"

namespace gruvy {
extern const Table avx512_table = GRUVY_TABLE("avx512");
}
