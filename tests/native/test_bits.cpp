// A row's result does not depend on the rows beside it, on how its steps are cut into calls, or on threads: bit for
// bit.
#include <algorithm>
#include <random>

#include "check.hpp"
#include "run.hpp"

namespace {

std::vector<Case> table() {
    std::vector<Case> all = cases();
    const std::vector<Case> large = large_cases();
    all.insert(all.end(), large.begin(), large.end());
    return all;
}

// The part of a contiguous (T, N, features) result that belongs to these rows and steps.
Floats part(const Floats &numbers, const Case &c, const std::vector<Index> &rows, Index begin, Index end) {
    Floats found;
    const Index positions = c.steps * c.batch;
    const Index features = positions ? static_cast<Index>(numbers.size()) / positions : 0;
    for (Index t = begin; t < end; ++t)
        for (const Index n : rows) {
            const auto first = numbers.begin() + (t * c.batch + n) * features;
            found.insert(found.end(), first, first + features);
        }
    return found;
}

Floats states_of(const Floats &states, Index hidden, const std::vector<Index> &rows) {
    Floats found;
    if (states.empty()) return found;
    for (const Index n : rows)
        found.insert(found.end(), states.begin() + n * hidden, states.begin() + (n + 1) * hidden);
    return found;
}

}  // namespace

TEST(threads_strides_and_saving_change_no_bit) {
    for (const Case &c : table()) {
        const check::Context context(c.text());
        const Sample s = draw(c);
        const Output one = run_forward(s);
        const Gradients back = run_backward(s, one);
        for (const int threads : {2, 3, 4}) {
            CHECK(same_bits(run_forward(s, {threads, threads == 3, true}), one), threads, "threads");
            CHECK(same_bits(run_backward(s, one, {threads, threads == 3, true}), back), threads, "threads, backward");
            const Output unsaved = run_forward(s, {threads, threads == 2, false});
            CHECK(same_bits(unsaved.out, one.out) && same_bits(unsaved.h_n, one.h_n), threads, "threads, not saved");
        }
    }
}

TEST(rows_do_not_depend_on_the_rows_beside_them) {
    std::mt19937 random(3);
    for (const Case &c : table()) {
        const check::Context context(c.text());
        const Sample s = draw(c);
        const Output whole = run_forward(s);
        const Gradients back = run_backward(s, whole);
        for (const Index most : {1, 2, 3, 5, 8, 11}) {
            std::vector<Index> rows = all_rows(s);
            std::shuffle(rows.begin(), rows.end(), random);
            rows.resize(static_cast<std::size_t>(std::min<Index>(most, c.batch)));
            const Sample some = pick(s, rows, 0, c.steps, states_of(s.h_0, c.hidden, rows));
            const Output found = run_forward(some, {2, false, true});
            CHECK(same_bits(found.out, part(whole.out, c, rows, 0, c.steps)), "out of", rows.size(), "rows");
            CHECK(same_bits(found.h_n, states_of(whole.h_n, c.hidden, rows)), "h_n of", rows.size(), "rows");
            CHECK(same_bits(found.saved, part(whole.saved, c, rows, 0, c.steps)), "saved of", rows.size(), "rows");
            const Gradients gradients = run_backward(some, found, {2, false, true});
            CHECK(same_bits(gradients.dx, part(back.dx, c, rows, 0, c.steps)), "dx of", rows.size(), "rows");
            CHECK(same_bits(gradients.dh_0, states_of(back.dh_0, c.hidden, rows)), "dh_0 of", rows.size(), "rows");
        }
    }
}

TEST(steps_can_be_cut_into_calls_anywhere) {
    for (const Case &c : table()) {
        const check::Context context(c.text());
        const Sample s = draw(c);
        const Output whole = run_forward(s);
        const std::vector<Index> rows = all_rows(s);
        for (const Index size : {1, 2, 7}) {
            Floats state = s.h_0;
            const Index pieces = (c.steps + size - 1) / size;
            for (Index number = 0; number < pieces; ++number) {
                const Index begin = (c.reverse ? pieces - 1 - number : number) * size;
                const Index end = std::min(c.steps, begin + size);
                const Output found =
                    run_forward(pick(s, rows, begin, end, state), {1 + static_cast<int>(number % 3), false, true});
                CHECK(same_bits(found.out, part(whole.out, c, rows, begin, end)), "steps", begin, "to", end);
                state = found.h_n;
                // In reverse a segment's beginning is the end of the call before, which cannot know of it.
                for (const Index n : rows)
                    if (c.reverse && c.resets && begin < s.length(n) &&
                        s.resets[static_cast<std::size_t>(begin * c.batch + n)])
                        for (Index i = 0; i < c.hidden; ++i)
                            state[static_cast<std::size_t>(n * c.hidden + i)] =
                                c.initial_state ? s.initial_state[static_cast<std::size_t>(i)] : 0;
            }
            if (!c.reverse || !c.resets) CHECK(pieces == 0 || same_bits(state, whole.h_n), "h_n in pieces of", size);
        }
    }
}

TEST(a_stream_gives_the_bits_of_the_batch_call) {
    int streamed = 0;
    for (Case c : table()) {
        c.reverse = c.lengths = c.resets = c.initial_state = c.mask = false;
        c.dropout = Dropout::none;
        if (c.zoneout == Zoneout::mask) c.zoneout = Zoneout::share;
        if (!fits_stream(c)) continue;
        const check::Context context(c.text());
        const Sample s = draw(c);
        CHECK(same_bits(run_stream(s), run_forward(s).out));
        ++streamed;
    }
    CHECK(streamed > 30, streamed);
}
