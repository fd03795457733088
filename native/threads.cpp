#include "threads.hpp"

#include <pthread.h>

#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace gruvy {
namespace {

constexpr int SPINS = 4000;  // about 50 microseconds: longer than a step of a layer, shorter than a time slice

void pause() {
#if defined(__x86_64__)
    _mm_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

struct Worker {
    std::atomic<unsigned> calls{0};
};

struct Pool {
    std::mutex owner;  // held by the Team that uses the pool
    std::vector<Worker *> workers;
    std::atomic<int> running{0};
    void (*body)(void *, int) = nullptr;
    void *context = nullptr;
};

// Never destroyed: its threads may outlive the end of main().
Pool *pool = new Pool;

void serve(Pool *mine, Worker *self, int number) {
    unsigned seen = 0;
    for (;;) {
        for (int i = 0; i < SPINS && self->calls.load(std::memory_order_acquire) == seen; ++i) pause();
        self->calls.wait(seen, std::memory_order_acquire);
        seen = self->calls.load(std::memory_order_acquire);
        mine->body(mine->context, number);
        if (mine->running.fetch_sub(1, std::memory_order_acq_rel) == 1) mine->running.notify_one();
    }
}

// A fork copies none of the threads: the child starts with an empty pool of its own.
void forget_pool() { pool = new Pool; }

void grow(Pool *mine, int workers) {
    static const int registered = pthread_atfork(nullptr, nullptr, forget_pool);
    (void)registered;
    while (static_cast<int>(mine->workers.size()) < workers) {
        const int number = static_cast<int>(mine->workers.size()) + 1;
        Worker *self = new Worker;
        try {
            mine->workers.push_back(self);
            std::thread(serve, mine, self, number).detach();
        } catch (const std::system_error &) {  // the system has no more threads: go on with those there are
            mine->workers.pop_back();
            delete self;
            return;
        }
    }
}

}  // namespace

void Barrier::wait() {
    const unsigned round = round_.load(std::memory_order_acquire);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == size_) {
        arrived_.store(0, std::memory_order_relaxed);
        round_.fetch_add(1, std::memory_order_acq_rel);
        return;
    }
    for (int i = 0; round_.load(std::memory_order_acquire) == round; ++i) {
        if (i < SPINS)
            pause();
        else
            std::this_thread::yield();
    }
}

Team::Team(int wanted) {
    if (wanted <= 1 || !pool->owner.try_lock()) return;
    owns_pool_ = true;
    grow(pool, wanted - 1);
    const int available = static_cast<int>(pool->workers.size()) + 1;
    size_ = wanted < available ? wanted : available;
}

Team::~Team() {
    if (owns_pool_) pool->owner.unlock();
}

void Team::run(void (*body)(void *, int), void *context) {
    if (size_ > 1) {
        pool->body = body;
        pool->context = context;
        pool->running.store(size_ - 1, std::memory_order_release);
        for (int i = 0; i < size_ - 1; ++i) {
            pool->workers[i]->calls.fetch_add(1, std::memory_order_acq_rel);
            pool->workers[i]->calls.notify_one();
        }
    }
    body(context, 0);
    if (size_ > 1) {
        int left = pool->running.load(std::memory_order_acquire);
        for (int i = 0; left != 0; ++i) {
            if (i < SPINS)
                pause();
            else
                pool->running.wait(left, std::memory_order_acquire);
            left = pool->running.load(std::memory_order_acquire);
        }
    }
}

}  // namespace gruvy
