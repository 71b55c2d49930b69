import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from generator.foreign_decoding import TransformersDecoder

MODELS = {
    "gpt2": lambda: GPT2LMHeadModel(GPT2Config(vocab_size=90, n_positions=50, n_embd=16, n_layer=2, n_head=2)),
    "llama": lambda: LlamaForCausalLM(
        LlamaConfig(vocab_size=90, hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=4,
                    num_key_value_heads=2, max_position_embeddings=50)
    ),
}  # fmt: skip


@torch.inference_mode()
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("prefix", [[], [11, 12, 13, 14]])
def test_steps_give_the_logits_of_the_whole_sequence(name, prefix):
    torch.manual_seed(1)
    model = MODELS[name]().eval()
    decoder = TransformersDecoder(model)
    assert decoder.context == 50
    for _ in range(2):  # the second time the prefix is known
        session = decoder.open(prefix, rows=9, own=12)
        assert session.count_free() == 9
        logits = session.admit([3, 4, 5], rows=5)
        assert session.count_free() == 0, "rows of another prompt do not fit into its cache"
        rows = torch.randint(90, (5, 8))
        whole = torch.cat((torch.tensor([[*prefix, 3, 4, 5]]).expand(5, -1), rows), dim=1)
        expected = model(whole).logits[:, len(prefix) + 2 :]
        torch.testing.assert_close(logits, expected[:1, 0], atol=1e-5, rtol=1e-5)
        alive = list(range(5))
        for step in range(8):
            if step in (3, 5, 6):
                session.release(1)
                alive[1] = alive[-1]
                alive.pop()
            logits = session.step(rows[alive, step])
            torch.testing.assert_close(logits, expected[alive, step + 1], atol=1e-5, rtol=1e-5)
        for _ in alive:
            session.release(0)
        assert session.count_free() == 9
