// Many callers at once, and forks: the results stay the same, and nothing hangs.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "check.hpp"
#include "run.hpp"
#include "workspace.hpp"

namespace {

// Calls in which threads share rows, and others in which they share the units of one row.
struct Calls {
    std::vector<Sample> samples;
    std::vector<Output> wanted;
    std::vector<Gradients> gradients;

    Calls() {
        for (const Case &c : large_cases()) {
            samples.push_back(draw(c));
            wanted.push_back(run_forward(samples.back()));
            gradients.push_back(run_backward(samples.back(), wanted.back()));
        }
    }

    bool right(std::size_t number, int threads) const {
        const std::size_t i = number % samples.size();
        return same_bits(run_forward(samples[i], {threads, false, true}), wanted[i]) &&
               same_bits(run_backward(samples[i], wanted[i], {threads, false, true}), gradients[i]);
    }
};

}  // namespace

TEST(many_threads_call_at_once) {
    const Calls calls;
    std::vector<std::thread> callers;
    for (std::size_t caller = 0; caller < 6; ++caller)
        callers.emplace_back([&calls, caller] {
            const check::Context context(check::text("caller", caller));
            for (std::size_t i = 0; i < 12; ++i) {
                const int threads = 1 + static_cast<int>((caller + i) % 4);
                CHECK(calls.right(caller + i, threads), "call", i, "with", threads, "threads");
            }
        });
    for (std::thread &caller : callers) caller.join();
}

TEST(blocks_are_lent_to_one_thread_at_a_time) {
    std::vector<std::thread> users;
    for (int user = 0; user < 4; ++user)
        users.emplace_back([user] {
            for (int i = 0; i < 300; ++i) {
                const Index floats = 1 + 977 * (i % 13);
                float *block = gruvy::take_workspace(floats);
                const float mine = static_cast<float>(user * 1000 + i);
                std::fill_n(block, floats, mine);
                std::this_thread::yield();
                CHECK(std::all_of(block, block + floats, [&](float number) { return number == mine; }));
                gruvy::release_workspace(block);
            }
        });
    for (std::thread &user : users) user.join();
}

#if !defined(CANNOT_FORK)
namespace {

// Runs body() in a child, which must end within a minute, and well.
template <class Body>
void check_in_child(Body body) {
    const pid_t child = fork();
    if (child == 0) {
        alarm(60);  // a child that hangs is ended by it
        _exit(body() ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    CHECK(status == 0, WIFSIGNALED(status) ? "the child hung or crashed, signal" : "the child was wrong",
          WTERMSIG(status));
}

}  // namespace

TEST(a_child_of_fork_computes_with_threads_of_its_own) {
    const Calls calls;
    for (std::size_t i = 0; i < 6; ++i) {
        CHECK(calls.right(i, 4), "before");
        check_in_child([&] { return calls.right(i, 4) && calls.right(i + 1, 2); });
        CHECK(calls.right(i, 4), "after");
    }
}

TEST(a_fork_while_other_threads_compute_and_lend_blocks) {
    const Calls calls;
    std::atomic<bool> stop{false};
    std::vector<std::thread> busy;
    for (std::size_t caller = 0; caller < 2; ++caller)
        busy.emplace_back([&, caller] {
            for (std::size_t i = caller; !stop; ++i) CHECK(calls.right(i, 3), "while others fork");
        });
    busy.emplace_back([&] {
        while (!stop) gruvy::release_workspace(gruvy::take_workspace(64));
    });
    for (std::size_t i = 0; i < 20; ++i)
        check_in_child([&] {
            gruvy::release_workspace(gruvy::take_workspace(64));
            return calls.right(i, 4);
        });
    stop = true;
    for (std::thread &thread : busy) thread.join();
}
#endif
