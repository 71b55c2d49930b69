"""One engine writes the sampling job, in a process of its own: python -m benchmarks.sampling_engines ENGINE JOB.

Prints one JSON line: seconds (of the writing alone; opening and converting the model are not counted), texts, tokens,
and the peak memory of the process.
Every engine draws with temperature 1 and top-p 0.9 and writes exactly the same number of tokens a candidate.
"""

import ctypes
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

from benchmarks.sampling_job import TEMPERATURE, TOP_P, Job

Written = list[list[int]]


def write_with_byline(job: Job) -> Callable[[], Written]:
    from generator.article_request import ArticleRequest, Sampling
    from generator.batch import Progress, WritingBatch, WritingTask
    from generator.checkpoint_files import Checkpoint, load_file, name_as_ours
    from generator.decoding import KEY_BLOCK, GPTDecoder
    from generator.model import GPT

    class NumberCodec:
        end_of_text = None

        def encode(self, text: str) -> list[int]:
            return [int(word[1:]) for word in text.split()]

        def decode(self, tokens: list[int]) -> str:
            return " ".join(f"w{token}" for token in tokens)

    with torch.device("meta"):
        model = GPT(job.spec)
    named = load_file(Path(job.folder) / "model.safetensors")
    ours = name_as_ours({name.removeprefix("transformer."): weight for name, weight in named.items()})
    model.load_state_dict(ours, assign=True)
    decoder = GPTDecoder(model, precision="bf16" if job.precision == "bf16" else "fp32")
    checkpoint = Checkpoint(decoder=decoder, codec=NumberCodec(), card=None, first_token=None)
    context, titles = job.make_prompts()
    request = ArticleRequest(
        title="",
        subtitle="",
        context=(),
        conditioned=True,
        target_words=200,
        sampling=Sampling(temperature=TEMPERATURE, top_p=TOP_P),
    )
    shared = len(context) // KEY_BLOCK * KEY_BLOCK

    def write() -> Written:
        tasks = [
            WritingTask(
                number=number,
                request=request,
                seeds=tuple(range(number * job.candidates, (number + 1) * job.candidates)),
                limit=job.new_tokens,
                prefix=tuple(context[:shared]),
                prompt=(*context, *title),
                prompt_sha256="",
                model_version="",
            )
            for number, title in enumerate(titles)
        ]
        drafts: list = []
        with torch.inference_mode():
            WritingBatch(
                checkpoint,
                tasks,
                on_written=lambda number, written: drafts.extend(written),
                progress=Progress(None, total=1),
            ).write()
        return [[0] * draft.n_tokens for draft in drafts]

    return write


def _open_transformers(job: Job):
    from transformers import AutoModelForCausalLM

    dtype = torch.bfloat16 if job.precision == "bf16" else torch.float32
    return AutoModelForCausalLM.from_pretrained(job.folder, dtype=dtype).eval()


def write_with_generate(job: Job) -> Callable[[], Written]:
    """transformers, a title after another, its candidates as num_return_sequences."""
    model = _open_transformers(job)
    context, titles = job.make_prompts()

    def write() -> Written:
        texts: Written = []
        for title in titles:
            prompt = torch.tensor([context + title])
            with torch.inference_mode():
                output = model.generate(
                    prompt,
                    attention_mask=torch.ones_like(prompt),
                    do_sample=True,
                    temperature=TEMPERATURE,
                    top_p=TOP_P,
                    top_k=0,
                    num_return_sequences=job.candidates,
                    min_new_tokens=job.new_tokens,
                    max_new_tokens=job.new_tokens,
                    pad_token_id=0,
                )
            texts += output[:, prompt.shape[1] :].tolist()
        return texts

    return write


def write_with_generate_batch(job: Job) -> Callable[[], Written]:
    """transformers' own continuous batching, every candidate a request."""
    from transformers import GenerationConfig

    model = _open_transformers(job)
    context, titles = job.make_prompts()
    config = GenerationConfig(
        do_sample=True,
        temperature=TEMPERATURE,
        top_p=TOP_P,
        top_k=0,
        max_new_tokens=job.new_tokens,
        eos_token_id=-1,
        pad_token_id=0,
    )

    def write() -> Written:
        prompts = [context + title for title in titles for _ in range(job.candidates)]
        outputs = model.generate_batch(inputs=prompts, generation_config=config)
        return [output.generated_tokens for output in outputs.values()]

    return write


def write_with_ctranslate2(job: Job) -> Callable[[], Written]:
    import ctranslate2

    converted = Path(job.folder) / "ctranslate2"
    if not converted.is_dir():
        ctranslate2.converters.TransformersConverter(job.folder).convert(str(converted))
    kind = "bfloat16" if job.precision == "bf16" else "float32"
    generator = ctranslate2.Generator(str(converted), device="cpu", compute_type=kind, intra_threads=job.threads)
    context, titles = job.make_prompts()

    def write() -> Written:
        results = generator.generate_batch(
            [[f"w{token}" for token in title] for title in titles for _ in range(job.candidates)],
            static_prompt=[f"w{token}" for token in context],
            cache_static_prompt=True,
            max_batch_size=64,
            max_length=job.new_tokens,
            min_length=job.new_tokens,
            sampling_topk=0,
            sampling_topp=TOP_P,
            sampling_temperature=TEMPERATURE,
            include_prompt_in_result=False,
        )
        return [result.sequences_ids[0] for result in results]

    return write


def write_with_openvino(job: Job) -> Callable[[], Written]:
    """OpenVINO GenAI's continuous batching with prefix caching, all candidates handed over at once."""
    import openvino
    import openvino_genai

    converted = Path(job.folder) / "openvino"
    if not (converted / "openvino_model.xml").is_file():
        raise FileNotFoundError(f"{converted}: no converted model; see docs/benchmarks.md on optimum-intel")
    scheduler = openvino_genai.SchedulerConfig()
    scheduler.enable_prefix_caching = True
    scheduler.cache_size = 4  # GiB
    scheduler.max_num_seqs = 256
    scheduler.max_num_batched_tokens = 4096
    properties = {
        "INFERENCE_PRECISION_HINT": "bf16" if job.precision == "bf16" else "f32",
        "KV_CACHE_PRECISION": "bf16" if job.precision == "bf16" else "f32",
        "INFERENCE_NUM_THREADS": job.threads,
    }
    pipeline = openvino_genai.ContinuousBatchingPipeline(str(converted), scheduler, "CPU", properties)
    context, titles = job.make_prompts()

    def draw(seed: int) -> openvino_genai.GenerationConfig:
        config = openvino_genai.GenerationConfig()
        config.do_sample, config.temperature, config.top_p, config.rng_seed = True, TEMPERATURE, TOP_P, seed
        config.max_new_tokens = config.min_new_tokens = job.new_tokens
        config.ignore_eos = True
        return config

    def write() -> Written:
        prompts = [openvino.Tensor(torch.tensor([context + title]).numpy()) for title in titles]
        first = pipeline.generate(prompts[:1], [draw(0)])  # fills the prefix cache, as the first candidate does anyway
        rest = [(prompt, seed) for prompt in prompts for seed in range(job.candidates)][1:]
        results = [*first, *pipeline.generate([prompt for prompt, _ in rest], [draw(seed) for _, seed in rest])]
        return [list(result.m_generation_ids[0]) for result in results]

    return write


def write_with_llama_cpp(job: Job) -> Callable[[], Written]:
    """llama.cpp through its C interface: one batch a step, the context's cells shared by all sequences."""
    import llama_cpp as api

    from benchmarks.gguf_file import write_gguf

    file = Path(job.folder) / f"model-{job.precision}.gguf"
    if not file.is_file():
        write_gguf(Path(job.folder), file, precision=job.precision)
    api.llama_backend_init()
    api.llama_log_set(_say_nothing, ctypes.c_void_p(0))
    at_once = 64
    settings = api.llama_model_default_params()
    model = api.llama_model_load_from_file(str(file).encode(), settings)
    if not model:
        raise RuntimeError("llama.cpp did not open the GGUF file")
    params = api.llama_context_default_params()
    own = job.title_tokens + job.new_tokens
    params.n_ctx = job.context_tokens + at_once * own + 256
    params.n_batch = params.n_ubatch = 1024
    params.n_seq_max = at_once + 1
    params.kv_unified = True
    params.n_threads = params.n_threads_batch = job.threads
    context = api.llama_init_from_model(model, params)
    memory = api.llama_get_memory(context)
    prefix, titles = job.make_prompts()

    def decode(entries: list[tuple[int, int, int, bool]]) -> None:
        """(token, position, sequence, whether its logits are wanted) each."""
        batch = api.llama_batch_init(len(entries), 0, 1)
        batch.n_tokens = len(entries)
        for place, (token, position, sequence, wanted) in enumerate(entries):
            batch.token[place], batch.pos[place], batch.logits[place] = token, position, wanted
            batch.n_seq_id[place], batch.seq_id[place][0] = 1, sequence
        if api.llama_decode(context, batch):
            raise RuntimeError("llama.cpp could not decode")
        api.llama_batch_free(batch)

    def write() -> Written:
        api.llama_memory_clear(memory, True)
        decode([(token, position, 0, False) for position, token in enumerate(prefix)])
        waiting = [(title, seed) for title in titles for seed in range(job.candidates)]
        texts: Written = []
        while waiting:
            group, waiting = waiting[:at_once], waiting[at_once:]
            texts += write_group(group)
        return texts

    def write_group(group: list[tuple[list[int], int]]) -> Written:
        samplers, rows = [], [[] for _ in group]
        for number, (title, seed) in enumerate(group):
            sequence, same = number + 1, number and group[number - 1][0] == title
            api.llama_memory_seq_rm(memory, sequence, -1, -1)
            source = sequence - 1 if same else 0
            end = len(prefix) + (len(title) - 1 if same else 0)  # a title's prompt is read once for its candidates
            api.llama_memory_seq_cp(memory, source, sequence, 0, end)
            samplers.append(_make_sampler(api, seed))
            if not same:
                decode([(token, len(prefix) + place, sequence, False) for place, token in enumerate(title[:-1])])
        last = [title[-1] for title, _ in group]
        for step in range(job.new_tokens):
            position = len(prefix) + job.title_tokens - 1 + step
            decode([(token, position, number + 1, True) for number, token in enumerate(last)])
            last = [api.llama_sampler_sample(sampler, context, number) for number, sampler in enumerate(samplers)]
            for row, token in zip(rows, last, strict=True):
                row.append(token)
        for sampler in samplers:
            api.llama_sampler_free(sampler)
        return rows

    return write


def _make_sampler(api, seed: int):
    chain = api.llama_sampler_chain_init(api.llama_sampler_chain_default_params())
    api.llama_sampler_chain_add(chain, api.llama_sampler_init_top_p(TOP_P, 1))
    api.llama_sampler_chain_add(chain, api.llama_sampler_init_temp(TEMPERATURE))
    api.llama_sampler_chain_add(chain, api.llama_sampler_init_dist(seed))
    return chain


@ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)
def _say_nothing(level: int, text: bytes, data: object) -> None:
    pass


ENGINES: dict[str, Callable[[Job], Callable[[], Written]]] = {
    "Byline": write_with_byline,
    "transformers generate, a title at a time": write_with_generate,
    "transformers generate_batch": write_with_generate_batch,
    "CTranslate2": write_with_ctranslate2,
    "OpenVINO GenAI": write_with_openvino,
    "llama.cpp": write_with_llama_cpp,
}


def main() -> None:
    engine, job = sys.argv[1], Job(**json.loads(sys.argv[2]))
    torch.set_num_threads(job.threads)
    write = ENGINES[engine](job)
    began = time.perf_counter()
    texts = write()
    seconds = time.perf_counter() - began
    wanted = job.titles * job.candidates
    if len(texts) != wanted or any(len(text) != job.new_tokens for text in texts):
        lengths = sorted({len(text) for text in texts})
        raise SystemExit(f"{engine} wrote {len(texts)} texts of {lengths} tokens, not {wanted} of {job.new_tokens}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "texts": len(texts), "tokens": sum(map(len, texts)), "peak_bytes": peak}))


if __name__ == "__main__":
    main()
