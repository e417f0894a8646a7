//! llama.cpp behind a small safe face: one model, one context whose sequences share one key-value store, and the
//! evaluation of short runs of tokens. Which sequence holds what is decided in `slots`; when to evaluate, in `worker`.

use std::{
    num::NonZeroU32,
    path::Path,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use llama_cpp_2::{
    context::{LlamaContext, params::LlamaContextParams},
    llama_backend::LlamaBackend,
    llama_batch::LlamaBatch,
    model::{LlamaModel as Weights, params::LlamaModelParams},
    sampling::LlamaSampler,
    token::LlamaToken,
};

use super::template::Template;

/// Tokens that all conversations together may keep in memory (12 KiB each for the 0.5B model, 28 KiB for the 1.5B).
const STORE_TOKENS: u32 = 8192;
/// Sequences in the store: conversations under way plus prefixes kept for the next one.
pub(super) const SEQUENCES: usize = 16;
/// Tokens that one evaluation may hold.
pub(super) const BATCH: usize = 256;

/// llama.cpp's global state; made once and kept while any model lives.
fn backend() -> Result<Arc<LlamaBackend>, String> {
    static SHARED: Mutex<Weak<LlamaBackend>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(backend) = shared.upgrade() {
        return Ok(backend);
    }
    let mut backend = LlamaBackend::init().map_err(|error| error.to_string())?;
    backend.void_logs();
    let backend = Arc::new(backend);
    *shared = Arc::downgrade(&backend);
    Ok(backend)
}

/// A model file in memory.
pub(super) struct Loaded {
    weights: Weights,
    backend: Arc<LlamaBackend>,
    pub(super) template: Template,
}

impl Loaded {
    /// Blocks for a second or so. The error is llama.cpp's refusal in words.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let backend = backend()?;
        let params = LlamaModelParams::default().with_n_gpu_layers(0);
        let weights =
            Weights::load_from_file(&backend, path, &params).map_err(|error| error.to_string())?;
        let template = Template::of(&weights);
        Ok(Self {
            weights,
            backend,
            template,
        })
    }

    pub(super) fn context(&self, threads: usize) -> Result<Context<'_>, String> {
        let trained = self.weights.n_ctx_train().max(512);
        let threads = i32::try_from(threads).unwrap_or(1);
        let batch = u32::try_from(BATCH).expect("a small constant");
        let params = LlamaContextParams::default()
            .with_n_ctx(NonZeroU32::new(STORE_TOKENS))
            .with_n_batch(batch)
            .with_n_ubatch(batch)
            .with_n_seq_max(u32::try_from(SEQUENCES).expect("a small constant"))
            .with_kv_unified(true)
            .with_n_threads(threads)
            .with_n_threads_batch(threads)
            .with_no_perf(true);
        let context = self
            .weights
            .new_context(&self.backend, params)
            .map_err(|error| error.to_string())?;
        // A quarter of the store is left for the other conversations.
        let longest = trained.min(STORE_TOKENS / 2) as usize;
        Ok(Context {
            context,
            weights: &self.weights,
            batch: LlamaBatch::new(BATCH, 1),
            longest,
        })
    }

    /// Tokens of a rendered prompt; template tokens in it are meant as such.
    pub(super) fn tokens(&self, text: &str) -> Vec<i32> {
        self.weights
            .vocab()
            .tokenize(text.as_bytes(), true, true)
            .into_iter()
            .map(|token| token.0)
            .collect()
    }

    /// The bytes a token stands for; none for control tokens.
    pub(super) fn bytes(&self, token: i32) -> Vec<u8> {
        self.weights
            .vocab()
            .token_to_piece(LlamaToken(token), false, None)
    }

    /// Tokens of a prompt that two cores read in about 30 ms, by the size of the model.
    pub(super) fn tokens_in_30_ms(&self) -> usize {
        let fit = 8_000_000_000 / self.weights.n_params().max(1);
        usize::try_from(fit).unwrap_or(32).clamp(4, 32)
    }

    pub(super) fn ends(&self, token: i32) -> bool {
        self.weights.vocab().is_eog(LlamaToken(token))
    }

    /// The chat as the model was trained to read it.
    pub(super) fn render(&self, chat: &[(&'static str, String)], open: bool) -> String {
        self.template.render(&self.weights, chat, open)
    }
}

/// The evaluation could not be done; the sequence is as it was before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Evaluation {
    Done,
    /// The store has no room: something has to be forgotten first.
    Full,
    Broken,
}

pub(super) struct Context<'a> {
    context: LlamaContext<'a>,
    weights: &'a Weights,
    batch: LlamaBatch<'static>,
    /// Tokens of one conversation, prompt and answer.
    pub(super) longest: usize,
}

impl Context<'_> {
    /// Appends to sequences: `(sequence, position, tokens)`. The scores after the last token of each run can then be
    /// read by the index of the run's last token in the whole.
    pub(super) fn evaluate(&mut self, runs: &[(usize, usize, &[i32])]) -> Evaluation {
        self.batch.clear();
        for (sequence, position, tokens) in runs {
            for (index, token) in tokens.iter().enumerate() {
                let at = i32::try_from(position + index)
                    .expect("positions are below the context's length");
                let sequence = i32::try_from(*sequence).expect("few sequences");
                let last = index + 1 == tokens.len();
                if self
                    .batch
                    .add(LlamaToken(*token), at, &[sequence], last)
                    .is_err()
                {
                    return Evaluation::Broken;
                }
            }
        }
        match self.context.decode(&mut self.batch) {
            Ok(()) => Evaluation::Done,
            Err(llama_cpp_2::DecodeError::NoKvCacheSlot) => Evaluation::Full,
            Err(_) => Evaluation::Broken,
        }
    }

    /// The most likely next token after the `index`th token of the last evaluation.
    pub(super) fn likeliest(&self, index: usize) -> i32 {
        let scores = self
            .context
            .get_logits_ith(i32::try_from(index).expect("index within a batch"));
        let best =
            scores
                .iter()
                .enumerate()
                .fold((0, f32::NEG_INFINITY), |best, (token, score)| {
                    if *score > best.1 {
                        (token, *score)
                    } else {
                        best
                    }
                });
        i32::try_from(best.0).expect("vocabularies are small")
    }

    /// A token drawn by `sampler`.
    pub(super) fn drawn(&self, sampler: &mut LlamaSampler, index: usize) -> i32 {
        sampler
            .sample(
                &self.context,
                i32::try_from(index).expect("index within a batch"),
            )
            .0
    }

    /// Forgets all of a sequence from `keep` on. False when this model cannot forget a part: all of it is gone then.
    pub(super) fn cut(&mut self, sequence: usize, keep: usize) -> bool {
        let keep = u32::try_from(keep).expect("positions are below the context's length");
        let number = u32::try_from(sequence).expect("few sequences");
        let (sequence, from) = (Some(number), Some(keep));
        if self
            .context
            .clear_kv_cache_seq(sequence, from, None)
            .unwrap_or(false)
        {
            return true;
        }
        // Whole sequences can always be removed.
        let _ = self.context.clear_kv_cache_seq(sequence, None, None);
        false
    }

    /// Makes the first `length` tokens of `from` also those of the empty sequence `to`; no data is copied. False when
    /// this model cannot share.
    pub(super) fn share(&mut self, from: usize, to: usize, length: usize) -> bool {
        let number = |n: usize| i32::try_from(n).expect("few sequences");
        let until = u32::try_from(length).expect("positions are below the context's length");
        if self.weights.is_recurrent() || self.weights.is_hybrid() {
            return false;
        }
        self.context
            .kv_cache_seq_cp(number(from), number(to), Some(0), Some(until))
            .is_ok()
    }
}

/// How words are drawn at a temperature above zero.
pub(super) fn sampler(temperature: f32, seed: u32) -> LlamaSampler {
    LlamaSampler::chain_simple([
        LlamaSampler::top_k(40),
        LlamaSampler::top_p(0.95, 1),
        LlamaSampler::temp(temperature),
        LlamaSampler::dist(seed),
    ])
}
