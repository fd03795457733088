#if !defined(__AVX2__) || !defined(__FMA__) || defined(__AVX512F__)
#error "kernel_avx2.cpp must be compiled with -mavx2 -mfma and no larger instruction set"
#endif
#include "kernel.inl"

namespace gruvy {
extern const Table avx2_table = GRUVY_TABLE("avx2");
}
