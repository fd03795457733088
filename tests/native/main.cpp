// native_tests [PART OF A NAME]: runs the tests whose names have that part. Exit code 77: the instruction set that
// GRUVY_ISA asks for is not there.
#include <chrono>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <stdexcept>
#include <utility>
#include <vector>

#include "check.hpp"
#include "gru.hpp"

namespace {

constexpr int MOST_MESSAGES = 20;  // of one run: a broken kernel fails everywhere

std::vector<std::pair<const char *, void (*)()>> &tests() {
    static std::vector<std::pair<const char *, void (*)()>> all;
    return all;
}

std::mutex mutex;
int failures = 0;
thread_local std::string context;

}  // namespace

namespace check {

bool add(const char *name, void (*body)()) {
    tests().push_back({name, body});
    return true;
}

void fail(const char *file, int line, const std::string &message) {
    const std::lock_guard<std::mutex> lock(mutex);
    if (++failures > MOST_MESSAGES) return;
    std::printf("%s:%d: %s\n    %s\n", file, line, message.c_str(), context.c_str());
}

Context::Context(std::string text) : outer_(context) { context += (context.empty() ? "" : ", ") + text; }

Context::~Context() { context = outer_; }

}  // namespace check

int main(int count, char **arguments) {
    std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);  // a fork must not find anything in the buffer
    try {
        std::printf("instruction set: %s\n", gruvy::instruction_set());
    } catch (const std::invalid_argument &error) {
        std::printf("%s\n", error.what());
        return 77;
    }
    for (const auto &[name, body] : tests()) {
        if (count > 1 && !std::strstr(name, arguments[1])) continue;
        const int before = failures;
        const auto start = std::chrono::steady_clock::now();
        body();
        const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
        std::printf("%s %s (%.1f s)\n", failures == before ? "ok    " : "FAILED", name, seconds.count());
    }
    if (failures) std::printf("%d checks failed\n", failures);
    return failures ? 1 : 0;
}
