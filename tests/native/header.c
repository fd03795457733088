/* gruvy.h stands alone, and is C99. */
#include "gruvy.h"

int main(void) {
    gruvy_stream *stream;
    return gruvy_stream_create(0, &stream) == GRUVY_INVALID_ARGUMENT && gruvy_version()[0] ? 0 : 1;
}
