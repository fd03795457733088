"""Beam search, of many sentences at once."""

from __future__ import annotations

import torch
from torch import Tensor

from gruvy.data.codec import BEGIN, END, UNKNOWN
from gruvy.tasks.translation.network import Source, TranslatorNetwork


@torch.inference_mode()
def beam_search(
    network: TranslatorNetwork, source: Source, *, beam_size: int, length_normalization: float, most_steps: Tensor
) -> list[list[int]]:
    """Return the best target found for each source.

    At every step the K best beginnings of each sentence are kept. One that ends among them is a hypothesis y, whose
    score is ``log p(y) / T^a`` for its T sub-words, the end included: without it (a = 0) short ones win (Cho et al.
    2014b). A sentence is done when it has K hypotheses, or at its most steps.

    Args:
        network: in evaluation mode.
        source: N encoded sentences.
        beam_size: K.
        length_normalization: a, from 0.
        most_steps: (N,) of each target, its end included.

    Returns:
        N targets without their ends.
    """
    N, K = len(source.lengths), beam_size
    found: list[list[int]] = [[] for _ in range(N)]
    places = torch.arange(N)  # of the sentences that are not done
    asking, deciding = (part.repeat_interleave(K, dim=1) for part in network.start(source))
    tokens = torch.full((N, K, 1), BEGIN)
    scores = torch.full((N, K), -torch.inf)
    scores[:, 0] = 0  # the K beginnings are the same one
    best, finished = torch.full((N,), -torch.inf), torch.zeros(N, dtype=torch.long)
    for step in range(1, int(most_steps.max()) + 1):
        logits, (asking, deciding), _ = network.decode(source, tokens[..., -1].reshape(1, -1), (asking, deciding))
        logarithms = logits[0].log_softmax(dim=-1).view(len(places), K, -1)
        logarithms[..., [UNKNOWN, BEGIN]] = -torch.inf
        total = scores[..., None] + logarithms
        values, chosen = total.flatten(1).topk(min(2 * K, total[0].numel()), dim=1)
        beams, ends = chosen // total.shape[-1], chosen % total.shape[-1] == END

        # Hypotheses: the ends among the K best. At the last step an open beginning is better than nothing.
        last = most_steps == step
        closes = ends[:, :K] | (last & (finished == 0))[:, None]
        normalised = torch.where(closes, values[:, :K] / step**length_normalization, -torch.inf)
        value, rank = normalised.max(dim=1)
        for row in torch.nonzero(value > best).flatten().tolist():
            beginning = tokens[row, beams[row, rank[row]], 1:].tolist()
            ended = bool(ends[row, rank[row]])
            found[int(places[row])] = (
                beginning if ended else [*beginning, int(chosen[row, rank[row]]) % total.shape[-1]]
            )
        best, finished = best.maximum(value), finished + ends[:, :K].sum(dim=1)

        going = torch.nonzero(~last & (finished < K)).flatten()
        if not len(going):
            break
        # Beginnings to go on with: the K best that do not end.
        scores, order = values.masked_fill(ends, -torch.inf)[going].topk(K, dim=1)
        parents = beams[going].gather(1, order)
        following = (chosen[going] % total.shape[-1]).gather(1, order)
        kept = tokens[going].gather(1, parents[..., None].expand(-1, -1, step))
        tokens = torch.cat([kept, following[..., None]], dim=2)
        rows = (going[:, None] * K + parents).flatten()
        asking, deciding = asking[:, rows], deciding[:, rows]
        if len(going) < len(places):
            source = source.pick(going)
            places, best, finished, most_steps = places[going], best[going], finished[going], most_steps[going]
    return found
