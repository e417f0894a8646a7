//! The fixed names of the installed files. The manifest says what each is; a test holds the two together.

/// Transcriber: mel spectrogram to cross-attention keys and values.
pub const WHISPER_ENCODER: &str = "whisper-tiny.en-encoder.onnx";
/// Transcriber: tokens and caches to logits.
pub const WHISPER_DECODER: &str = "whisper-tiny.en-decoder.onnx";
/// Transcriber: the token strings, a JSON array in token order.
pub const WHISPER_VOCABULARY: &str = "whisper-vocabulary.json";
/// Turn detector.
pub const SMART_TURN: &str = "smart-turn-v3.2.onnx";
/// Voice.
pub const PIPER: &str = "piper-en_US-joe-medium.onnx";
/// Voice: phoneme ids and rates.
pub const PIPER_CONFIG: &str = "piper-en_US-joe-medium.onnx.json";
/// Pronunciations of the common words.
pub const MISAKI_GOLD: &str = "misaki-us-gold.json";
/// Pronunciations of more words, less carefully made.
pub const MISAKI_SILVER: &str = "misaki-us-silver.json";
/// Language model, fast.
pub const QWEN_FAST: &str = "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf";
/// Language model, right.
pub const QWEN_RIGHT: &str = "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf";
/// Knowledge search: sentence embeddings.
pub const MINILM: &str = "minilm-l6-v2.safetensors";
/// Knowledge search: tokenizer.
pub const MINILM_TOKENIZER: &str = "minilm-l6-v2-tokenizer.json";
/// The better-sounding, slower voice.
pub const KOKORO: &str = "kokoro-82m-int8.onnx";
/// Its female voice style.
pub const KOKORO_AF_HEART: &str = "kokoro-af_heart.bin";
/// Its male voice style.
pub const KOKORO_AM_MICHAEL: &str = "kokoro-am_michael.bin";
/// A language model small enough for tests.
pub const SMOLLM2: &str = "smollm2-135m-instruct-q4_1.gguf";
