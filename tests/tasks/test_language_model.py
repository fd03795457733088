"""The language model as an estimator: what it learns, repeats, resumes, keeps and refuses."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import numpy as np
import pytest
import torch

import gruvy
from gruvy import engine, files, runtime
from gruvy.data import StreamBatch
from gruvy.errors import ArgumentError, DataError, FileFormatError
from gruvy.export import c, onnx
from gruvy.language import GraphNetwork
from gruvy.tasks import LanguageModel
from gruvy.tasks.language.network import CarriedLoss, LanguageNetwork

SMALL = {
    "hidden_size": 24,
    "embedding_size": 8,
    "context_length": 25,
    "batch_size": 8,
    "max_epochs": 6,
    "learning_rate": 0.02,
    "dropout": 0.0,
    "random_state": 0,
}


def text_of(size: int, seed: int = 0) -> str:
    """Words of three kinds in a fixed order: what comes next is sure but for the choice of each word."""
    rng = np.random.default_rng(seed)
    kinds = [["the ", "a "], ["cat ", "dog ", "hen "], ["ran.\n", "sat.\n"]]
    return "".join(str(rng.choice(kind)) for _ in range(size) for kind in kinds)


@pytest.fixture(scope="module")
def text() -> str:
    return text_of(700)


@pytest.fixture(scope="module")
def fitted(text) -> LanguageModel:
    return LanguageModel(**SMALL).fit(text)


def test_it_comes_near_to_the_entropy_of_the_text(fitted):
    """A sentence of about 11 characters has log2(2 * 3 * 2) bits."""
    test = text_of(300, seed=5)
    entropy = 300 * np.log2(12) / len(test)
    bits = fitted.evaluate(test)[0]["bits_per_character"]
    assert entropy * 0.97 < bits < entropy * 1.12
    assert fitted.score(test) == -bits
    assert fitted.surprise(test).mean() == pytest.approx(bits)


def test_its_scores_stand_beside_what_it_has_to_beat(fitted):
    names = [row["name"] for row in fitted.scores_]
    assert names[0] == "gru"
    assert names[1].endswith("-gram")
    assert names[2:] == ["letter frequencies", "xz after the training text", "bzip2", "xz"]
    assert fitted.evaluate() is fitted.scores_
    bits = [row["bits_per_character"] for row in fitted.scores_]
    assert bits[0] < min(bits[2:])
    characters = fitted.provenance_["characters"]
    assert {row["characters"] for row in fitted.scores_} == {characters["test"]}
    assert [row["validation_loss"] for row in fitted.history_][fitted.best_epoch_ - 1] == min(
        row["validation_loss"] for row in fitted.history_
    )


def test_it_writes_sentences_of_the_language(fitted):
    lines = fitted.generate("", 400, temperature=0.5, seed=0).splitlines()[:-1]
    known = {f"{a}{b}{c}" for a in ("the ", "a ") for b in ("cat ", "dog ", "hen ") for c in ("ran.", "sat.")}
    assert len(lines) > 20
    assert np.mean([line in known for line in lines]) > 0.9
    assert fitted.generate("the d", 3, temperature=0) == "og "


def test_a_seed_repeats_bit_for_bit_and_another_does_not(text, fitted):
    again = LanguageModel(**SMALL).fit(text)
    other = LanguageModel(**{**SMALL, "random_state": 1, "max_epochs": 1}).fit(text)
    assert np.array_equal(again.surprise("the cat sat.\n"), fitted.surprise("the cat sat.\n"))
    assert not np.array_equal(other.surprise("the cat sat.\n"), fitted.surprise("the cat sat.\n"))


class StopError(Exception):
    pass


def test_an_interrupted_fit_goes_on_to_the_same_model(text, fitted, tmp_path):
    def stop(event):
        if (event.epoch, event.batch) >= (3, 5):
            raise StopError

    with pytest.raises(StopError):
        LanguageModel(**SMALL).fit(text, checkpoint=tmp_path, progress=stop)
    resumed = LanguageModel(**SMALL).fit(text, checkpoint=tmp_path, resume=True)
    assert np.array_equal(resumed.surprise(text[:500]), fitted.surprise(text[:500]))
    with pytest.raises(ArgumentError, match="data \\(sha256\\) was"):
        LanguageModel(**SMALL).fit(text[:-500], checkpoint=tmp_path, resume=True)


def test_parts_of_its_own(text, fitted):
    parts = {"validation": text_of(60, 1), "test": [text_of(30, 2), text_of(30, 3)]}
    model = LanguageModel(**{**SMALL, "max_epochs": 1}).fit([text, "a cat sat.\n"], **parts)
    assert model.provenance_["characters"] == {
        "training": len(text) + 12,
        "validation": len(parts["validation"]),
        "test": sum(map(len, parts["test"])) + 1,
    }


@pytest.mark.parametrize(("cell", "num_layers"), [("gru", 1), ("gru", 2), ("lstm", 1), ("lstm", 2), ("tanh", 1)])
def test_a_file_gives_the_same_model_back(text, tmp_path, cell, num_layers):
    model = LanguageModel(**{**SMALL, "cell": cell, "num_layers": num_layers, "max_epochs": 1}).fit(text)
    back = gruvy.load(model.save(tmp_path / "m.gruvy"))
    assert isinstance(back, LanguageModel)
    assert back.get_params() == model.get_params()
    assert np.array_equal(back.surprise(text[:300]), model.surprise(text[:300]))
    assert back.generate("the ", 50, seed=1) == model.generate("the ", 50, seed=1)
    assert (back.scores_, back.history_, back.alphabet_) == (model.scores_, model.history_, model.alphabet_)


def test_the_engine_and_torch_say_the_same(fitted, text, monkeypatch, tmp_path):
    assert isinstance(fitted._characters.network, GraphNetwork)
    path = fitted.save(tmp_path / "m.gruvy")
    surprise, written = fitted.surprise(text[:3000]), fitted.generate("the ", 60, seed=1)
    monkeypatch.setattr(engine, "raw", None)
    on_torch = gruvy.load(path)
    assert not isinstance(on_torch._characters.network, GraphNetwork)
    np.testing.assert_allclose(on_torch.surprise(text[:3000]), surprise, atol=1e-4)
    assert on_torch.generate("the ", 60, seed=1) == written


def test_states_are_carried_from_batch_to_batch_and_gradients_are_not():
    torch.manual_seed(0)
    network = LanguageNetwork("lstm", 5, embedding_size=3, hidden_size=4).double()
    numbers = torch.randint(5, (13, 2))
    with torch.no_grad():
        logits, _ = network(numbers[:12])
    whole = torch.nn.functional.cross_entropy(logits.flatten(0, 1), numbers[1:].flatten(), reduction="none")
    loss = CarriedLoss(torch.ones(100, dtype=torch.long))
    gradients = []
    for _ in range(2):  # a second pass begins anew
        for first in (0, 6):
            batch = StreamBatch(numbers[first : first + 6], numbers[first + 1 : first + 7], first == 0)
            total, count = loss(network, batch)
            assert int(count) == 12
            want = whole.view(12, 2)[first : first + 6].sum() / np.log(2)
            torch.testing.assert_close(total, want)
            gradients.append(torch.autograd.grad(total, network.encoder.weight_hh_l0)[0])
    torch.testing.assert_close(gradients[0], gradients[2])
    torch.testing.assert_close(gradients[1], gradients[3])


def test_it_runs_without_torch(fitted, tmp_path):
    path = fitted.save(tmp_path / "m.gruvy")
    light = runtime.load(path)
    assert light.generate("the ", 80, seed=2) == fitted.generate("the ", 80, seed=2)
    code = """
        import sys
        sys.modules.update(dict.fromkeys(("torch", "pandas", "sklearn", "lightning")))  # an import of them fails
        import gruvy
        model = gruvy.load(sys.argv[1])
        print(model.generate("the ", 80, seed=2), end="")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), path], capture_output=True, text=True, check=False
    )
    assert done.stdout == fitted.generate("the ", 80, seed=2), done.stderr


@pytest.mark.parametrize(
    "spoil",
    [
        lambda tensors, document: document.update(alphabet="ba"),
        lambda tensors, document: document.update(alphabet=document["alphabet"] + "z"),
        lambda tensors, document: document.pop("alphabet"),
        lambda tensors, document: document["graph"].update(outputs=["encoder"]),
        lambda tensors, document: tensors.update({"network/logits.weight": np.zeros((2, 2), "f4")}),
    ],
)
def test_damaged_files_are_one_line(fitted, tmp_path, spoil):
    tensors, document = files.read(fitted.save(tmp_path / "m.gruvy"))
    spoil(tensors, document)
    path = files.write(tmp_path / "m.gruvy", tensors, document)
    with pytest.raises(FileFormatError, match="in it is damaged") as caught:
        runtime.load(path)
    assert "\n" not in str(caught.value)


def test_it_exports_to_onnx_and_c(fitted, tmp_path):
    path = fitted.save(tmp_path / "m.gruvy")
    assert onnx.write(path, tmp_path / "m.onnx").difference < 1e-5
    facts = c.write(path, tmp_path / "c", name="words").facts
    assert facts.agreement is None or facts.agreement < 1e-5  # None: there is no C compiler


MISTAKES = {
    "too short": ("a cat sat.\n", {}, DataError, "3 problems.*training part has 9 characters.*context_length = 25"),
    "no text": (["a", 1], {}, DataError, "a string or a list of strings, got a list with other things"),
    "bytes": (b"a cat", {}, DataError, "got a bytes; read the file first"),
    "validation alone": ("a" * 500, {"validation": "a" * 50}, ArgumentError, "expected both or neither, got one"),
    "resume of nothing": ("a" * 500, {"resume": True}, ArgumentError, "resume=True: expected checkpoint"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_texts_that_cannot_be_used(case):
    text, options, error, words = MISTAKES[case]
    with pytest.raises(error, match=f"(?s){words}"):
        LanguageModel(**SMALL).fit(text, **options)


def test_parameters_that_cannot_work_are_named_together():
    model = LanguageModel(hidden_size=0, cell="gry", validation_fraction=0.5, test_fraction=0.6, random_state=-1)
    with pytest.raises(ArgumentError) as caught:
        model.fit("a" * 1000)
    for words in ("hidden_size: ", "did you mean 'gru'", "validation_fraction + test_fraction: ", "random_state: "):
        assert words in str(caught.value)


def test_what_a_fitted_model_refuses(fitted):
    with pytest.raises(DataError, match=r"expected the \d+ characters .* got 'X' \(1x\); change them"):
        fitted.evaluate("the cat X")
    with pytest.raises(DataError, match="at least one character"):
        fitted.evaluate("")
