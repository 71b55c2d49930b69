"""Our GPT as transformers sees it, so that `AutoModelForCausalLM` opens a checkpoint with banded layers."""

from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoConfig, AutoModelForCausalLM, GenerationMixin, PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutput

from generator.checkpoint_files import MODEL_TYPE
from generator.model import GPT
from generator.specs import GPTSpec


class BylineGPTConfig(PretrainedConfig):
    """The fields of a `GPTSpec` under the names that transformers' tools look for."""

    model_type = MODEL_TYPE
    attribute_map = {"num_hidden_layers": "n_layers", "num_attention_heads": "n_heads", "hidden_size": "d_model"}

    n_layers: int = 2
    d_model: int = 64
    n_heads: int = 2
    max_position_embeddings: int = 1024
    vocab_size: int = 2048
    band: int = 256
    attention: str = "alternating"
    size_name: str = ""
    tie_word_embeddings: bool = False  # the shell has one matrix for both, so there is nothing to tie
    use_cache: bool = False

    def to_spec(self) -> GPTSpec:
        """The shape; batch and learning rate belong to the training and are placeholders here."""
        return GPTSpec(
            name=self.size_name,
            n_layers=self.n_layers,
            d_model=self.d_model,
            n_heads=self.n_heads,
            context=self.max_position_embeddings,
            vocab_size=self.vocab_size,
            band=self.band,
            attention=self.attention,
            batch_tokens=self.max_position_embeddings,
            peak_lr=1e-3,
        )


class BylineGPTForCausalLM(PreTrainedModel, GenerationMixin):
    """A thin shell: tokens in, logits out. It keeps no cache; for speed sample with `generator.sample`."""

    config_class = BylineGPTConfig
    base_model_prefix = "gpt"
    main_input_name = "input_ids"

    def __init__(self, config: BylineGPTConfig) -> None:
        super().__init__(config)
        self.gpt = GPT(config.to_spec())
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        """Nothing: every weight comes from the file, or from `GPT.initialise`."""

    def get_input_embeddings(self) -> nn.Module:
        return self.gpt.tokens

    def forward(
        self,
        input_ids: Tensor,
        *,
        attention_mask: Tensor | None = None,
        labels: Tensor | None = None,
        logits_to_keep: int = 0,
        **_: object,
    ) -> CausalLMOutput:
        """input_ids (B, T) → logits (B, T, V), or of the last `logits_to_keep` positions.

        `labels` (B, T) are the same tokens; the shift by one is made here, and −100 is left out of the loss.

        Raises:
            ValueError: `attention_mask` masks something: padding is not known here.
        """
        if attention_mask is not None and not attention_mask.all():
            raise ValueError("a byline_gpt knows no padding; give sequences of one length")
        states = self.gpt(input_ids)
        logits = self.gpt.project(states[:, -logits_to_keep:] if logits_to_keep else states)
        loss = None
        if labels is not None:
            loss = functional.cross_entropy(logits[:, :-1].float().flatten(0, 1), labels[:, 1:].flatten())
        return CausalLMOutput(loss=loss, logits=logits)

    def prepare_inputs_for_generation(self, input_ids: Tensor, **kwargs: object) -> dict[str, Tensor]:
        return {"input_ids": input_ids[:, -self.gpt.spec.context :]}


AutoConfig.register(MODEL_TYPE, BylineGPTConfig, exist_ok=True)
AutoModelForCausalLM.register(BylineGPTConfig, BylineGPTForCausalLM, exist_ok=True)
