/* Runs a GRU layer over numbers from the standard input, one step at a time: a template for an audio callback, a sensor
 * or a game loop.
 *
 *     stream INPUTS HIDDEN WEIGHTS < x > states
 *
 * Everything is raw float32. WEIGHTS is a file with weight_ih, weight_hh, bias_ih and bias_hh of a PyTorch layer, one
 * after the other; from Python:
 *
 *     with open("weights", "wb") as file:
 *         for weight in gru.all_weights[0]:
 *             weight.detach().numpy().tofile(file)
 */
#include <stdio.h>
#include <stdlib.h>

#include "gruvy.h"

static void quit(const char *message) {
    fprintf(stderr, "stream: %s\n", message);
    exit(1);
}

static float *allocate(size_t floats) {
    float *memory = malloc(floats * sizeof(float));
    if (!memory) quit("out of memory");
    return memory;
}

static float *read_weights(const char *name, size_t floats) {
    float *weights = allocate(floats);
    FILE *file = fopen(name, "rb");
    if (!file) quit("the file of weights cannot be opened");
    if (fread(weights, sizeof(float), floats, file) != floats || fgetc(file) != EOF)
        quit("the file of weights has another size than 3 * HIDDEN * (INPUTS + HIDDEN + 2) floats");
    fclose(file);
    return weights;
}

int main(int count, char **arguments) {
    if (count != 4) quit("expected INPUTS, HIDDEN and the file of weights");
    const size_t inputs = strtoul(arguments[1], NULL, 10), hidden = strtoul(arguments[2], NULL, 10);
    float *weights = read_weights(arguments[3], 3 * hidden * (inputs + hidden + 2));

    gruvy_layer layer = {0};
    layer.weight_ih = weights;
    layer.weight_hh = layer.weight_ih + 3 * hidden * inputs;
    layer.bias_ih = layer.weight_hh + 3 * hidden * hidden;
    layer.bias_hh = layer.bias_ih + 3 * hidden;
    gruvy_stream_options options = {0};
    options.layers = &layer;
    options.layer_count = 1;
    options.input_size = (int64_t)inputs;
    options.hidden_size = (int64_t)hidden;
    options.streams = 1;
    options.reset_after = 1;
    gruvy_stream *stream;
    if (gruvy_stream_create(&options, &stream) != GRUVY_OK) quit(gruvy_last_error());
    free(weights);

    float *x = allocate(inputs);
    while (fread(x, sizeof(float), inputs, stdin) == inputs) {
        gruvy_stream_step(stream, x);
        if (fwrite(gruvy_stream_state(stream), sizeof(float), hidden, stdout) != hidden) quit("cannot write");
    }
    free(x);
    gruvy_stream_destroy(stream);
    return 0;
}
