// The instruction set that every processor of this kind has.
#if defined(__AVX2__) || defined(__AVX512F__)
#error "kernel_baseline.cpp must be compiled without flags for a larger instruction set"
#endif
#include "kernel.inl"

namespace gruvy {
#if defined(__ARM_NEON)
extern const Table baseline_table = GRUVY_TABLE("neon");
#else
extern const Table baseline_table = GRUVY_TABLE("baseline");
#endif
}  // namespace gruvy
