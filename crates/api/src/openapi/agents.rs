//! The shapes of agents.

use serde_json::{Value, json};

use super::words::{
    Field, More, Schemas, Side, any_object, datetime, list, may, must, number, object, refer, tag,
    text, truth, union, whole, word,
};
use crate::EventName;

/// A whole number of 32 bits.
const MOST: i64 = u32::MAX as i64;

pub(super) fn schemas() -> Schemas {
    let mut all = Schemas::new();
    for side in [Side::Request, Side::Answer] {
        let shapes = [
            ("AgentConfiguration", configuration(side)),
            ("Voice", voice(side)),
            ("PlayHtVoice", playht(side)),
            ("ElevenLabsVoice", elevenlabs(side)),
            ("AzureVoice", azure_voice(side)),
            ("DeepgramVoice", deepgram_voice(side)),
            ("RimeVoice", rime(side)),
            ("LanguageModel", language_model(side)),
            ("Tool", tool(side)),
            ("Transcriber", transcriber(side)),
            ("DeepgramTranscriber", deepgram_transcriber(side)),
            ("AzureTranscriber", azure_transcriber(side)),
            ("Webhook", webhook(side)),
            ("Hook", hook(side)),
        ];
        all.extend(shapes.map(|(name, shape)| (side.name(name), shape)));
    }
    all.insert("Agent".to_owned(), agent());
    all.insert(
        "AgentPage".to_owned(),
        page("Some agents, newest first.", "Agent"),
    );
    all
}

/// A part of a list.
pub(super) fn page(about: &str, item: &str) -> Value {
    let fields = vec![
        must("items", list(about, refer("One of them.", item))),
        must(
            "index",
            whole("Which page this is, counted from 1.", 1).at_least(1),
        ),
        must("has_more", truth("Whether there is a further page.", false)),
    ];
    object(Side::Answer, about, fields)
}

fn agent() -> Value {
    let mut fields = configuration_fields(Side::Answer);
    fields.extend([
        must(
            "uri",
            text(
                "Its path on this server.",
                "/agents/agent_018f69cbdc007000800000000000000a",
            ),
        ),
        must(
            "account_id",
            text("Whose it is.", "acct_018f69cbdc007000800000000000000b"),
        ),
        must(
            "created_at",
            datetime("When it was made.", "2024-05-11T12:00:00.123Z"),
        ),
        must(
            "updated_at",
            datetime("When it was last changed.", "2024-05-11T12:00:00.123Z"),
        ),
        must(
            "id",
            text("Its id.", "agent_018f69cbdc007000800000000000000a"),
        ),
    ]);
    object(
        Side::Answer,
        "A stored agent: its configuration and what the server adds.",
        fields,
    )
}

fn configuration(side: Side) -> Value {
    let about = "What an agent is: how it greets, what it knows, with which voice, model and transcriber it talks, and for how long.";
    object(side, about, configuration_fields(side))
}

fn configuration_fields(side: Side) -> Vec<Field> {
    let shape = |about: &str, name: &str| refer(about, &side.name(name));
    vec![
        may("initial_message", text("What the agent says first. Null: it waits for the caller to speak.", "Hotel Aurora, good evening.").or_null()),
        may("prompt", text("The instructions to the language model.", "You are the front desk of a small hotel.").or_null()),
        may("voice", shape("What speaks. Null: the server's own voice.", "Voice").or_null()),
        may("language_model", shape("What thinks. Null: the server's own model.", "LanguageModel").or_null()),
        may("transcriber", shape("What listens. Null: the server's own transcriber.", "Transcriber").or_null()),
        may("max_duration_seconds", whole("Seconds after which the agent ends the call. Null: no limit.", 600).between(1, MOST).or_null().otherwise(json!(600))),
        may("webhooks", list("Who is told of events over HTTP.", shape("One receiver.", "Webhook")).or_null()),
        may("hooks", list("What is done at events.", shape("One rule.", "Hook")).or_null()),
        may("metadata", any_object("Anything of your own, kept as it is.", json!({"team": "front desk"})).or_null()),
        may("name", text("What people call it. An addition of this server.", "Front desk").or_null()),
        may("knowledge", list("Short texts that answers must rest on. An addition of this server.", text("One fact.", "Breakfast is from seven to ten.")).otherwise(json!([]))),
        may("initial_message_interruptible", truth("False: the initial message is spoken to its end, whatever the caller says. An addition of this server.", true).otherwise(json!(true))),
        may("idle_prompts", list("What the agent says, one after the other, when the caller stays silent. Null: the server's own; empty: nothing. An addition of this server.", text("One question.", "Are you still there?")).or_null()),
    ]
}

fn credential() -> Field {
    may(
        "credential_id",
        text(
            "Your own account with the provider. Null: the server's.",
            "cred_1",
        )
        .or_null(),
    )
}

fn voice(side: Side) -> Value {
    let members = [
        ("playht", side.name("PlayHtVoice")),
        ("elevenlabs", side.name("ElevenLabsVoice")),
        ("azure", side.name("AzureVoice")),
        ("deepgram", side.name("DeepgramVoice")),
        ("rimeai", side.name("RimeVoice")),
    ];
    union("A voice of one of five providers.", "provider", &members)
}

fn of(side: Side, about: &str, provider: &str, fields: Vec<Field>) -> Value {
    let tag = must("provider", tag("Which provider.", provider));
    let all = [tag, credential()].into_iter().chain(fields).collect();
    object(side, about, all)
}

fn playht(side: Side) -> Value {
    let fields = vec![
        may(
            "model",
            text("The voice's name.", "susan").otherwise(json!("susan")),
        ),
        may(
            "speed",
            number("Speed of speech; 1 is as recorded.", 1.0)
                .between(0, 5)
                .otherwise(json!(1)),
        ),
        may(
            "temperature",
            number(
                "How much the voice may vary. Null: the provider's own.",
                1.0,
            )
            .between(0, 2)
            .or_null(),
        ),
        may(
            "text_guidance",
            number("How closely it keeps to the text.", 1.5)
                .between(1, 2)
                .or_null(),
        ),
        may(
            "style_guidance",
            number("How strong the emotion is.", 15.5)
                .between(1, 30)
                .or_null(),
        ),
    ];
    of(side, "A voice of PlayHT.", "playht", fields)
}

fn elevenlabs(side: Side) -> Value {
    let fields = vec![
        may(
            "voice_id",
            text(
                "The voice: a known name or an id of the provider.",
                "rachel",
            )
            .otherwise(json!("rachel")),
        ),
        may(
            "model_id",
            text("The provider's model.", "eleven_turbo_v2").otherwise(json!("eleven_turbo_v2")),
        ),
        may(
            "optimize_latency",
            whole(
                "How much quality is given up for speed; 4 is the fastest.",
                3,
            )
            .between(0, 4)
            .otherwise(json!(3)),
        ),
        may(
            "use_speaker_boost",
            truth("Closer to the original speaker, more slowly.", false).otherwise(json!(false)),
        ),
        may(
            "similarity_boost",
            number("How close to the original voice.", 0.5)
                .between(0, 1)
                .otherwise(json!(0.5)),
        ),
        may(
            "stability",
            number("How even the voice is.", 0.5)
                .between(0, 1)
                .otherwise(json!(0.5)),
        ),
    ];
    of(side, "A voice of ElevenLabs.", "elevenlabs", fields)
}

fn azure_voice(side: Side) -> Value {
    let default = "en-US-AvaMultilingualNeural";
    let fields = vec![
        may(
            "model",
            text("The voice's name.", default).otherwise(json!(default)),
        ),
        may(
            "pitch",
            whole("Percent higher or lower.", 0)
                .between(-20, 20)
                .otherwise(json!(0)),
        ),
        may(
            "rate",
            whole("Percent faster or slower.", 0)
                .between(-50, 50)
                .otherwise(json!(0)),
        ),
    ];
    of(side, "A voice of Azure.", "azure", fields)
}

fn deepgram_voice(side: Side) -> Value {
    let model = text("The voice's name.", "aura-asteria-en").otherwise(json!("aura-asteria-en"));
    of(
        side,
        "A voice of Deepgram.",
        "deepgram",
        vec![may("model", model)],
    )
}

fn rime(side: Side) -> Value {
    let fields = vec![
        may(
            "speaker",
            text("The voice's name.", "abbie").otherwise(json!("abbie")),
        ),
        may(
            "speed_alpha",
            number("Length of speech; higher is slower.", 1.0)
                .between(0.5, 2)
                .otherwise(json!(1)),
        ),
        may(
            "reduce_latency",
            truth(
                "Faster, but some abbreviations and digits may be mispronounced.",
                false,
            )
            .otherwise(json!(false)),
        ),
    ];
    of(
        side,
        "A voice of Rime. In a request the provider may also be written `rime`.",
        "rimeai",
        fields,
    )
}

fn language_model(side: Side) -> Value {
    let provider = word("Which provider.", &["openai", "google"]).otherwise(json!("openai"));
    let fields = vec![
        may("provider", provider),
        credential(),
        may(
            "model",
            text(
                "The provider's model. Left out: `gpt-3.5-turbo`, of Google `gemini-pro`.",
                "gpt-3.5-turbo",
            ),
        ),
        may(
            "tools",
            list(
                "Functions that the model may call.",
                refer("One function.", &side.name("Tool")),
            )
            .or_null(),
        ),
        may(
            "temperature",
            number("0 is always the likeliest answer.", 0.0)
                .between(0, 2)
                .otherwise(json!(0)),
        ),
        may(
            "max_tokens",
            whole("Tokens of one answer at most.", 300)
                .between(1, MOST)
                .otherwise(json!(300)),
        ),
    ];
    object(side, "A language model of a provider.", fields)
}

fn tool(side: Side) -> Value {
    let parameters = any_object(
        "A JSON schema of the arguments.",
        json!({"type": "object", "properties": {}, "required": []}),
    );
    let function = vec![
        must("name", text("What the model calls it.", "book_a_table")),
        may(
            "description",
            text("When to call it.", "Books a table in the restaurant.").or_null(),
        ),
        may(
            "parameters",
            if side == Side::Request {
                parameters.or_null()
            } else {
                parameters
            },
        ),
    ];
    let fields = vec![
        may("type", tag("The kind of tool.", "function")),
        must("function", object(side, "The function.", function)),
    ];
    object(side, "Something the language model may call.", fields)
}

fn transcriber(side: Side) -> Value {
    let members = [
        ("deepgram", side.name("DeepgramTranscriber")),
        ("azure", side.name("AzureTranscriber")),
    ];
    union(
        "A transcriber of one of two providers.",
        "provider",
        &members,
    )
}

fn deepgram_transcriber(side: Side) -> Value {
    let fields = vec![
        may(
            "model",
            text("The provider's model.", "nova-2").otherwise(json!("nova-2")),
        ),
        may(
            "language",
            text("The caller's language.", "en").otherwise(json!("en")),
        ),
        may(
            "keywords",
            list(
                "Words to expect, such as names.",
                text("One word.", "VoiceOS"),
            )
            .or_null(),
        ),
    ];
    of(side, "A transcriber of Deepgram.", "deepgram", fields)
}

fn azure_transcriber(side: Side) -> Value {
    let languages = list("The languages to expect.", text("One language.", "en-US")).or_null();
    of(
        side,
        "A transcriber of Azure.",
        "azure",
        vec![may("languages", languages)],
    )
}

fn events() -> Field {
    let names: Vec<&str> = EventName::published()
        .iter()
        .map(|(word, _)| *word)
        .collect();
    must(
        "events",
        list("At which events.", word("An event's name.", &names)),
    )
}

fn filter() -> Field {
    may(
        "filter",
        text(
            "A condition; only when it holds. Null: always.",
            "call_duration > 60",
        )
        .or_null(),
    )
}

fn webhook(side: Side) -> Value {
    let mut headers = any_object(
        "Headers to send along.",
        json!({"authorization": "Bearer secret"}),
    );
    headers["additionalProperties"] = json!({"type": "string"});
    let fields = vec![
        events(),
        filter(),
        must("url", text("Where to.", "https://example.com/voiceos")),
        must("method", word("How.", &["GET", "POST"])),
        may("headers", headers.or_null()),
    ];
    object(
        side,
        "A receiver of events. Kept for now; this server does not send them yet.",
        fields,
    )
}

fn hook(side: Side) -> Value {
    let instruction = vec![must(
        "instruction",
        tag("The only one there is.", "hang_up"),
    )];
    let instruction = object(side, "What to do.", instruction);
    let fields = vec![
        events(),
        filter(),
        must("instructions", list("What is done.", instruction)),
    ];
    object(
        side,
        "Something done at events. Kept for now; this server does not do it yet.",
        fields,
    )
}
