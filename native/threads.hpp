// A small pool of threads that stays right after a fork and when several threads call at once.
#pragma once

#include <atomic>

namespace gruvy {

// Lets `size` threads meet; made for waits of microseconds, so it spins first and then gives way.
class Barrier {
  public:
    explicit Barrier(int size) : size_(size) {}
    void wait();

  private:
    const int size_;
    std::atomic<int> arrived_{0};
    std::atomic<unsigned> round_{0};
};

// The number of threads, at most `wanted`, that run_together will use if called next by this thread. The pool serves
// one caller at a time: a second caller meanwhile gets 1 and works alone.
class Team {
  public:
    explicit Team(int wanted);
    ~Team();
    Team(const Team &) = delete;
    Team &operator=(const Team &) = delete;

    int size() const { return size_; }
    // Calls body(context, worker) for worker = 0 .. size() - 1, all at the same time; 0 is the calling thread.
    void run(void (*body)(void *context, int worker), void *context);

  private:
    int size_ = 1;
    bool owns_pool_ = false;
};

}  // namespace gruvy
