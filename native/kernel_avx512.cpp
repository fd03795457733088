#if !defined(__AVX512BW__) || !defined(__FMA__) || defined(__AVX512VNNI__)
#error "kernel_avx512.cpp must be compiled with -mavx512bw -mfma and no larger instruction set"
#endif
#include "kernel.inl"

namespace gruvy {
extern const Table avx512_table = GRUVY_TABLE("avx512");
}
