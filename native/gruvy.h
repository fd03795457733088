/* Gated recurrent units, one step at a time: the C face of gruvy's engine, for C99 and C++.
 *
 * A stream takes one step of a stack of GRU layers at a time and owns their states. Each layer is fed by the one
 * below. The equations are in gru.hpp; rows of weight matrices, biases and gains are those of the reset
 * gate r, the update gate z and the candidate n, in this order, and z keeps the old state: PyTorch's layout, in which
 * nn.GRU's own weight_ih_l0, weight_hh_l0, bias_ih_l0 and bias_hh_l0 can be handed over as they are. The results are
 * those of gruvy's batch call on the same steps, bit for bit.
 *
 *     gruvy_layer layer = {weight_ih, weight_hh, bias_ih, bias_hh};
 *     gruvy_stream_options options = {.layers = &layer, .layer_count = 1, .input_size = 3, .hidden_size = 8,
 *                                     .streams = 1, .reset_after = 1};
 *     gruvy_stream *stream;
 *     if (gruvy_stream_create(&options, &stream) != GRUVY_OK) fail(gruvy_last_error());
 *     while (next(x)) {
 *         gruvy_stream_step(stream, x);
 *         use(gruvy_stream_state(stream));
 *     }
 *     gruvy_stream_destroy(stream);
 *
 * Memory. The library keeps no pointer that it is given: options, layers and weights may go once gruvy_stream_create
 * has returned, x and states once their call has. All arrays are contiguous, row by row, of float (IEEE 754 binary32).
 * Only gruvy_stream_create allocates.
 *
 * Threads. A stream serves one thread at a time; different streams may be used by different threads at once. No call
 * starts a thread or takes a lock. After a fork the child has its own copy of every stream.
 *
 * Errors. A function that returns gruvy_status changes nothing unless it returns GRUVY_OK; gruvy_last_error() then says
 * what was expected, and what came. Null for a pointer that may not be null is such an error. Values are not looked at:
 * NaN and infinity pass through, and stay within their stream.
 */
#ifndef GRUVY_H
#define GRUVY_H

#include <stdint.h>

#if defined(__GNUC__)
#define GRUVY_API __attribute__((visibility("default")))
#else
#define GRUVY_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef enum gruvy_status {
    GRUVY_OK = 0,
    GRUVY_INVALID_ARGUMENT = 1, /* an argument, or the environment variable GRUVY_ISA, has a value that cannot work */
    GRUVY_OUT_OF_MEMORY = 2
} gruvy_status;

/* What the weights are kept as; weights, inputs and states are given as float in any case. gru.hpp says what each of
 * them computes, and with what input and hidden sizes int8 can do: at most 131072, and finite weights. */
typedef enum gruvy_dtype { GRUVY_FLOAT32 = 0, GRUVY_BF16 = 1, GRUVY_INT8 = 2 } gruvy_dtype;

/* One layer's weights. I is input_size for the first layer and hidden_size for the others; H is hidden_size. */
typedef struct gruvy_layer {
    const float *weight_ih;     /* (3H, I) */
    const float *weight_hh;     /* (3H, H) */
    const float *bias_ih;       /* (3H); null: zero */
    const float *bias_hh;       /* (3H); null: zero */
    const float *gain_ih;       /* (3H): layer norm's gains of the input product; null, as is the next: no layer norm */
    const float *gain_hh;       /* (3H): and of the hidden product */
    const float *initial_state; /* (H): where a stream starts; null: zero */
} gruvy_layer;

/* Set what is not needed to zero: a later version may add members, whose zero means what this version does. */
typedef struct gruvy_stream_options {
    const gruvy_layer *layers; /* (layer_count), from the input up */
    int64_t layer_count;       /* at least 1 */
    int64_t input_size;        /* I of the first layer; 1 to 2^24 */
    int64_t hidden_size;       /* H; 1 to 2^24 */
    int64_t streams;           /* N, independent streams that step together; 1 to 2^24 */
    int reset_after; /* not 0: the reset gate is applied after the recurrent product (PyTorch); 0: before it */
    float zoneout;   /* share of the old state that every step keeps, [0, 1) */
    int dtype;       /* a gruvy_dtype */
} gruvy_stream_options;

typedef struct gruvy_stream gruvy_stream;

/* Makes a stream and writes it to *stream, which is null where it fails. The caller destroys it. */
GRUVY_API gruvy_status gruvy_stream_create(const gruvy_stream_options *options, gruvy_stream **stream);

/* Frees the stream; null is allowed. What gruvy_stream_state returned goes with it. */
GRUVY_API void gruvy_stream_destroy(gruvy_stream *stream);

/* Takes one step of every stream. x: (streams, input_size); it must not lie in what gruvy_stream_state returned. */
GRUVY_API gruvy_status gruvy_stream_step(gruvy_stream *stream, const float *x);

/* The last layer's states, (streams, hidden_size): what the last step put out. The stream owns them; they are valid,
 * and stay as they are, until the next call on it that is not one of reading. Null where the stream is null. */
GRUVY_API const float *gruvy_stream_state(const gruvy_stream *stream);

/* Copies the states of all layers to `states`, (layer_count, streams, hidden_size): a snapshot. */
GRUVY_API gruvy_status gruvy_stream_read(const gruvy_stream *stream, float *states);

/* Sets the states of all layers from `states`, (layer_count, streams, hidden_size), as gruvy_stream_read wrote them:
 * restores a snapshot. The rest of a stream does not change, so one of another stream with the same sizes will do. */
GRUVY_API gruvy_status gruvy_stream_write(gruvy_stream *stream, const float *states);

/* Sets the states of stream number `index`, from 0, to where they started, in all layers. The others stay as they are.
 */
GRUVY_API gruvy_status gruvy_stream_reset(gruvy_stream *stream, int64_t index);

/* The message of the last call that failed in this thread; "" where none has. Valid until the next that fails in it. */
GRUVY_API const char *gruvy_last_error(void);

/* The instruction set in use: "avx512vnni", "avx512", "avx2", "neon" or "baseline". The environment variable GRUVY_ISA
 * asks for another one; null, with a message, where this processor lacks that. */
GRUVY_API const char *gruvy_instruction_set(void);

/* The version of the library, such as "0.1.0". */
GRUVY_API const char *gruvy_version(void);

#ifdef __cplusplus
}
#endif

#endif
