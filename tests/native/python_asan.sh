#!/bin/sh
# The Python module under AddressSanitizer, and what changes the parameters of layers between calls of it.
# Takes the Python to use, in which gruvy and torch are installed, and how many histories to try.
set -e
python=$1 examples=$2 build=build/asan-python
cmake -S . -B $build -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_C_COMPILER=clang \
    -DGRUVY_SANITIZE=address -DCMAKE_MODULE_LINKER_FLAGS=-shared-libasan -DPython_EXECUTABLE="$python" \
    -Dnanobind_DIR="$("$python" -m nanobind --cmake_dir)"
cmake --build $build
# Where Clang keeps its libraries by target, their names do not have the processor's.
for name in "libclang_rt.asan-$(uname -m).so" libclang_rt.asan.so; do
    library=$(clang++ -print-file-name="$name")
    [ -e "$library" ] && break
done
# Python and torch keep what they hold at the end; PyTorch's allocations are checked too, because all go through malloc.
ASAN_OPTIONS=detect_leaks=0 GRUVY_NUM_THREADS=1 LD_PRELOAD=$library \
    "$python" tests/support/parameter_fuzz.py "$examples" $build/_engine*.so
