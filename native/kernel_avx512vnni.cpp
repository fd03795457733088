#if !defined(__AVX512BW__) || !defined(__FMA__) || !defined(__AVX512VNNI__)
#error "kernel_avx512vnni.cpp must be compiled with -mavx512bw -mavx512vnni -mfma"
#endif
#include "kernel.inl"

namespace gruvy {
extern const Table avx512vnni_table = GRUVY_TABLE("avx512vnni");
}
