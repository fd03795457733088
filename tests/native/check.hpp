// Enough of a test framework: TEST(name) { ... CHECK(condition, "what it was", values ...) }.
#pragma once

#include <sstream>
#include <string>

namespace check {

bool add(const char *name, void (*body)());
void fail(const char *file, int line, const std::string &message);

// What is being tested, for the messages of this thread.
class Context {
  public:
    explicit Context(std::string text);
    ~Context();
    Context(const Context &) = delete;
    Context &operator=(const Context &) = delete;

  private:
    std::string outer_;
};

template <class... Part>
std::string text(const Part &...parts) {
    std::ostringstream stream;
    ((stream << parts << ' '), ...);
    return stream.str();
}

}  // namespace check

#define TEST(NAME)                                               \
    static void NAME();                                          \
    static const bool NAME##_is_added = check::add(#NAME, NAME); \
    static void NAME()

#define CHECK(CONDITION, ...)                                                                                        \
    do {                                                                                                             \
        if (!(CONDITION)) check::fail(__FILE__, __LINE__, check::text(#CONDITION __VA_OPT__(, "--", ) __VA_ARGS__)); \
    } while (false)
